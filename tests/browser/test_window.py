"""`authlab up MODE --browser` on a display: the window opens on the lab's page, and the page shows the mode."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page, Playwright

from authlab.lab.browsing.driving import check_browser_lab
from authlab.model.errors import LabError
from tests.browser.conftest import WIDTHS, missing
from tests.browser.test_pages import grave_findings, sideways
from tests.stack.lab_process import Lab

pytestmark = [pytest.mark.browser, pytest.mark.stack]

WITHIN_S = 60.0
WORKERS = {"worker-1", "worker-2"}
SPREAD = ("redis", "jwt", "jwt-cookie")
"""Modes of which every worker answers everybody."""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A display without a screen, by Xvfb."""
    try:
        check_browser_lab()
    except LabError as error:
        missing(error)
    if shutil.which("Xvfb") is None:
        missing("no Xvfb on the PATH; a window needs a display. Remedy: apt install xvfb")
    reads, writes = os.pipe()
    command = ["Xvfb", "-displayfd", str(writes), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writes], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writes)
    with os.fdopen(reads) as told:
        number = told.readline().strip()
    assert number.isdecimal(), "Xvfb did not come up"
    yield f":{number}"
    server.terminate()
    server.wait(10)


def folder_of(lab: Lab) -> Path:
    found = re.search(r"cat (\S+)/login\.json", lab.said)
    assert found, lab.said
    return Path(found.group(1))


def awaited(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, f"it did not come true that {what}"
        time.sleep(0.2)


def asked_of(folder: Path) -> list[dict[str, Any]]:
    """What the lab's nginx was asked for, line by line."""
    text = (folder / "logs" / "browser" / "nginx-access.log").read_text()
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


def test_a_window_opens_on_the_page_and_its_password_is_in_no_process_list(display: str, tmp_path: Path) -> None:
    with Lab("up", "jwt", "--browser", "--workers", "2", cwd=tmp_path, env={"DISPLAY": display}) as lab:
        lab.says("by hand")
        folder = folder_of(lab)
        secret = json.loads((folder / "login.json").read_text())["password"]
        page = "the page's script asks the API what it received"
        awaited(
            lambda: any(e["host"] == "api.app.test" and "/lab/requests" in e["uri"] for e in asked_of(folder)), page
        )
        assert any(
            e["host"] == "app.test" and e["uri"] == "/index.html" and e["status"] == 200 for e in asked_of(folder)
        )
        window = lab.part("--user-data-dir", "enter.html")
        assert oct((folder / "enter.html").stat().st_mode & 0o777) == "0o600"
        assert secret in (folder / "enter.html").read_text(), "the page leads on with it"
        lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
        assert [line for line in lines if secret in line] == []
        assert secret not in lab.said
        assert secret.encode() not in (folder / "window" / "Default" / "History").read_bytes()
        assert secret not in json.dumps(asked_of(folder))
        lab.signal(signal.SIGTERM)
        assert lab.ends() == 0, lab.said
        assert not window.is_running()


@pytest.mark.parametrize("mode", ["sticky", *SPREAD])
def test_the_page_shows_the_mode_that_is_up_and_which_worker_answered(
    playwright: Playwright, mode: str, tmp_path: Path
) -> None:
    try:
        check_browser_lab()
    except LabError as error:
        missing(error)
    no_display = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with Lab("up", mode, "--browser", "--workers", "2", cwd=tmp_path, env=no_display) as lab:
        lab.says("by hand")
        login = json.loads((folder_of(lab) / "login.json").read_text())
        (line,) = [line for line in lab.said.splitlines() if "--host-resolver-rules" in line]
        program, *arguments, _ = shlex.split(line)
        rest = [argument for argument in arguments if not argument.startswith("--user-data-dir")]
        browser = playwright.chromium.launch(executable_path=program, args=rest)
        wide, high = WIDTHS["phone"]
        page = browser.new_context(viewport={"width": wide, "height": high}, color_scheme="dark").new_page()
        page.set_default_timeout(15_000)
        page.goto(f"https://app.test/running#user={login['username']}&password={login['password']}")
        used(page, mode, login["username"])
        assert sideways(page) == []
        assert grave_findings(page) == []
        assert forged(page) == (403 if mode == "jwt-cookie" else 415), "nobody else's page is let in"
        browser.close()
        lab.signal(signal.SIGTERM)
        assert lab.ends() == 0, lab.said


def used(page: Page, mode: str, user: str) -> None:
    """Log in with what the address brought, ask four times who that was, and fill the cart."""
    page.get_by_test_id("mode-name").wait_for()
    assert page.get_by_test_id("mode-name").text_content() == mode
    rows = page.get_by_test_id("answers").locator("tbody tr")
    for number, control in enumerate(["log-in", "who", "who", "who", "who", "add-item", "show-cart"], 1):
        page.get_by_test_id(control).click()
        rows.nth(number - 1).wait_for()
    assert page.get_by_test_id("who-answer").text_content() == user
    assert "apple" in (page.get_by_test_id("cart").text_content() or "")
    cells = [row.locator("td").all_text_contents() for row in rows.all()]
    assert {cell[1] for cell in cells} == {"200"}, cells
    seen = {cell[2] for cell in cells}
    assert seen == WORKERS if mode in SPREAD else len(seen) == 1, seen
    page.get_by_test_id("log-out").click()
    rows.nth(len(cells)).wait_for()
    page.get_by_test_id("who").click()
    page.get_by_text("nobody (401").first.wait_for()


def forged(page: Page) -> int:
    """The status of a form that evil.test posts to the mode."""
    target = "https://app.test/mode/cart/items"
    page.goto(f"https://evil.test/forged-json.html?target={target}&item=forged&wait=1")
    with page.expect_response(lambda answer: answer.url == target) as waiting:
        page.get_by_role("button").click()
    return waiting.value.status
