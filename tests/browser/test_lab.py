"""The browser lab with a real Chromium: its claims come out, its evidence is kept, and nothing of it stays behind."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from authlab.browser.chromium import find_chromium
from authlab.browser.order import Order, read_answers
from authlab.browser.places import PLACES
from authlab.host.processes import Guardian
from authlab.lab.browsing.driving import check_browser_lab
from authlab.lab.browsing.sites_up import shipped_pages, sites_up
from authlab.lab.lifetime import private_folder
from authlab.model.errors import LabError
from authlab.stack.secrets import make_secrets
from tests.browser.conftest import missing
from tests.stack.lab_process import Lab

pytestmark = [pytest.mark.browser, pytest.mark.stack]

ALL_WITHIN_S = 400.0


@pytest.fixture(scope="module", autouse=True)
def everything_there() -> None:
    """Chromium, the built app and the packages, or the reason why these tests don't run; in CI that is a failure."""
    try:
        check_browser_lab()
    except LabError as error:
        missing(error)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`authlab run browser`, at its end."""
    folder = tmp_path_factory.mktemp("browser-lab")
    with Lab("run", "browser", "--plain", cwd=folder) as lab:
        deadline = time.monotonic() + ALL_WITHIN_S
        while psutil.pid_exists(lab.pid) and "report:" not in lab.said and time.monotonic() < deadline:
            time.sleep(0.5)
        assert lab.ends() == 0, lab.said
        yield lab


def test_every_claim_of_the_browser_lab_is_confirmed(whole: Lab) -> None:
    run = whole.run()
    doubtful = [
        (item["verdict"]["summary"], item["verdict"]["reasons"])
        for experiment in run["experiments"]
        for item in experiment["judgements"]
        if item["verdict"]["value"] != "confirmed"
    ]
    assert doubtful == [], whole.said
    assert {e["id"]: e["verdict"]["value"] for e in run["experiments"]} == dict.fromkeys(
        (e["id"] for e in run["experiments"]), "confirmed"
    )
    assert len(run["experiments"]) == 9
    assert all(trial["valid"] for trial in run["trials"])
    assert "Chromium" in run["versions"]["chromium"] or "Chrome" in run["versions"]["chromium"]


def test_predictions_are_told_before_anything_runs(whole: Lab) -> None:
    first = whole.said.index("browser lab:")
    predicted = [p for experiment in whole.run()["experiments"] for p in experiment["predictions"]]
    told = [line.strip() for line in whole.said[:first].splitlines() if line.startswith("  ")]
    assert told == [
        f"{p['mode']}: {p['quantity']}: {'yes' if p['value'] else 'no'} ({p['formula']})" for p in predicted
    ]


def test_reports_have_the_matrix_in_words(whole: Lab) -> None:
    folder = whole.results / "latest"
    page, text = (folder / "report.html").read_text(), (folder / "report.md").read_text()
    assert page.count('class="ask"') == 144
    assert "| `cookie-strict` |" in text
    assert "State changed: **no**, predicted no, ✅ confirmed" in text


def test_no_credential_is_in_the_runs_folder(whole: Lab) -> None:
    # A token has three parts of which the first begins so; a session id is 43 characters of base64url.
    signs = re.compile(rb"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|session_\w+=[\w-]{20,}|Bearer [\w-]{20,}")
    for file in (whole.results / "latest").resolve().rglob("*"):
        if file.is_file() and file.suffix not in (".png", ".parquet", ".html"):
            assert signs.search(file.read_bytes()) is None, file


def test_the_report_opens_without_grave_findings(whole: Lab, browser: Browser) -> None:
    for width, theme in ((1280, "light"), (390, "dark")):
        page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme).new_page()  # type: ignore[arg-type]
        page.goto((whole.results / "latest" / "report.html").resolve().as_uri())
        found = Axe().run(page).response["violations"]
        grave = [
            f"{item['id']}: {item['nodes'][0]['html'][:200]}"
            for item in found
            if item["impact"] in ("serious", "critical")
        ]
        assert grave == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.context.close()


def test_a_cell_against_its_prediction_leaves_a_picture_and_its_requests(tmp_path: Path) -> None:
    with Guardian() as guardian:
        runtime = private_folder(guardian)
        secrets = make_secrets(runtime / "secrets", 20)
        with sites_up(guardian, runtime / "sites", tmp_path / "logs", secrets, pages=shipped_pages()) as sites:
            order = Order(
                *(str(find_chromium()), str(runtime / "profile"), False, sites.certificate.fingerprint),
                *(sites.ports.https, sites.ports.http, sites.ports.api, str(secrets.credentials), (0, 20)),
                *(str(tmp_path / "answers"), str(tmp_path / "evidence")),
                cells=(("cookie-lax", "forged-get"),),
                predicted={"cookie-lax|forged-get: state changed": False},  # which is wrong
            )
            order.write(runtime / "order.json")
            _, said = _driven(guardian, runtime / "order.json", tmp_path)
    (changed,) = [a for a in read_answers(tmp_path / "answers") if a.quantity == "forged-get: state changed"]
    assert changed.value is True, said
    assert changed.evidence
    assert (tmp_path / "evidence" / f"{changed.evidence}.png").read_bytes().startswith(b"\x89PNG")
    kept = json.loads((tmp_path / "evidence" / f"{changed.evidence}.json").read_text())
    assert any(entry["path"] == "/buy" and entry["credential"] == "session_lax" for entry in kept["seen by the API"])
    assert any("evil.test/forged-get.html" in entry["url"] for entry in kept["sent by the browser"])


def _driven(guardian: Guardian, order: Path, folder: Path) -> tuple[int | None, str]:
    log = folder / "driver.log"
    process = guardian.spawn("the driver", [sys.executable, "-m", "authlab.browser.drive", str(order)], log=log)
    status = process.wait(120)
    return status, log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_neither_chromium_nor_its_driver_nor_a_profile_outlives_the_lab(tmp_path: Path, number: int) -> None:
    with Lab("run", "xss-rides-session", "--plain", cwd=tmp_path) as lab:
        lab.says("browser lab: 0 of")
        deadline = time.monotonic() + 60
        while not (found := _parts(lab.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found, lab.said
        while not (answered := _answered(lab)) and time.monotonic() < deadline:
            time.sleep(0.1)
        lab.signal(number)
        code = lab.ends()
        assert code == (130 if number == signal.SIGINT else -signal.SIGKILL), lab.said
        assert [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
        if number == signal.SIGINT:
            assert lab.run()["status"] == "interrupted"
    if number == signal.SIGKILL:
        with Lab("report", str(lab.results / "latest"), cwd=tmp_path) as teller:
            assert teller.ends() == 0, teller.said
    # However it ended: what had been answered until then is on disk, and reported.
    report = json.loads((lab.results / "latest" / "report.json").read_text())
    (experiment,) = report["experiments"]
    seen = {o["mode"] for o in experiment["observations"] if o["value"] is not None}
    assert answered, lab.said
    assert answered <= seen
    assert report["run"]["status"] == "interrupted"
    assert experiment["verdict"]["value"] == ("confirmed" if len(seen) == len(PLACES) else "inconclusive")


def _answered(lab: Lab) -> set[str]:
    """The places of which there are answers on disk."""
    return {a.subject for file in lab.results.glob("runs/*/trials/*/logs/*/answers.jsonl") for a in read_answers(file)}


def _parts(pid: int) -> list[psutil.Process]:
    """Chromium's processes and Playwright's driver, once all are there."""
    marker, found = f"authlab-{pid}-", []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if f"{marker}" in line or marker in process.environ().get("TMPDIR", ""):
                found.append(process)
        except psutil.Error:
            continue
    names = " ".join(" ".join(p.cmdline()) for p in found if p.is_running())
    return found if "--type=renderer" in names and "run-driver" in names else []
