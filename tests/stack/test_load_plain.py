"""Plain Locust with our file: by path from any folder, with its web page, its workers, its signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import polars as pl
import pytest
from load_runs import credentials, locust, read
from load_service import LoadService

from authlab.checkers.no_spurious_logout import no_spurious_logout
from authlab.host.content import content_root
from authlab.host.ports import free_port

pytestmark = pytest.mark.stack


def options(folder: Path, service: LoadService, *more: str) -> list[str]:
    return ["--host", service.url, "--credentials", str(credentials(folder)), *more]


def recordings(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("results/runs/*/recording.json"))


def has_samples(folder: Path) -> bool:
    return any(len(file.read_bytes().splitlines()) > 20 for file in folder.rglob("samples-*.csv"))


def test_headless_with_a_run_time_leaves_a_finished_recording_in_the_default_place(tmp_path: Path) -> None:
    with (
        LoadService() as service,
        locust(
            tmp_path, *options(tmp_path, service, "--headless", "-u", "5", "-r", "5", "-t", "4", "--csv", "s")
        ) as run,
    ):
        assert run.wait() == 0, run.said
    (folder,) = recordings(tmp_path)
    assert folder.name.endswith("Z-browse")
    recording = read(folder)
    assert recording.status == "finished"
    assert recording.metadata["rate_rps"] == 50
    assert set(recording.samples["outcome"]) == {"ok"}
    assert recording.windows.height == 1
    assert (
        recording.samples.filter(pl.col("op") != "login").height
        == recording.windows.select(pl.col("arrivals") - pl.col("unserved")).item()
    )
    counted = (tmp_path / "s_stats.csv").read_text()
    assert "GET,/me," in counted, "Locust's own statistics go on working"


def test_forked_workers_share_one_recording_and_the_rate(tmp_path: Path) -> None:
    port = free_port()
    port.release()
    more = ["--headless", "-u", "6", "-r", "6", "-t", "4", "--processes", "2", "--rate", "60", "--recording", "rec"]
    more += ["--master-bind-port", str(port.number), "--master-port", str(port.number)]
    with LoadService() as service, locust(tmp_path, *options(tmp_path, service, *more)) as run:
        assert run.wait() == 0, run.said
    recording = read(tmp_path / "rec")
    assert recording.status == "finished"
    assert len(recording.metadata["processes"]) == 2
    assert recording.windows.height == 2
    assert set(recording.samples["outcome"]) == {"ok"}
    assert set(recording.samples["user"]) == set(range(6))
    rows = recording.samples.filter(pl.col("op") != "login")
    first, last = rows["due_ns"].min(), rows["due_ns"].max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    assert 35 < rows.height / ((last - first) / 1e9) < 90


def test_the_web_page_starts_and_stops_recordings(tmp_path: Path) -> None:
    port = free_port()
    port.release()
    page = f"http://127.0.0.1:{port.number}"

    def get(path: str, **form: str) -> bytes:
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(page + path, data, timeout=10) as answer:  # noqa: S310 - our own loopback page
            return bytes(answer.read())

    def is_up() -> bool:
        try:
            return b"Locust" in get("/")
        except OSError:
            return False

    more = ["--web-host", "127.0.0.1", "--web-port", str(port.number)]
    with LoadService() as service, locust(tmp_path, *options(tmp_path, service, *more)) as run:
        run.until(is_up, "the web page")
        get("/swarm", user_count="4", spawn_rate="4", host=service.url, rate="0")
        run.until(lambda: "--rate must be a positive number" in run.said, "a refusal")
        assert recordings(tmp_path) == []
        for number, rate in enumerate(("50", "80"), start=1):
            get("/swarm", user_count="4", spawn_rate="4", host=service.url, rate=rate)
            run.until(lambda n=number: len(recordings(tmp_path)) == n, "a new recording")
            run.until(lambda: has_samples(recordings(tmp_path)[-1]), "samples")
            get("/stop", now="yes")  # a form makes it a POST
            time.sleep(1.1)  # folders are named by the second
        run.process.send_signal(signal.SIGTERM)
        assert run.wait() == 0, run.said
    rates = [read(folder).metadata["rate_rps"] for folder in recordings(tmp_path)]
    assert rates == [50, 80]
    assert {read(folder).status for folder in recordings(tmp_path)} == {"finished"}


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_flushes_and_ends_a_recording_without_time_limit(tmp_path: Path, sig: signal.Signals) -> None:
    more = ["--headless", "-u", "5", "-r", "5", "--recording", "rec"]
    with LoadService() as service, locust(tmp_path, *options(tmp_path, service, *more)) as run:
        run.until(lambda: has_samples(tmp_path / "rec"), "samples")
        time.sleep(0.5)
        run.process.send_signal(sig)
        assert run.wait(5) == 0, run.said
        seen = len(service.seen)
    recording = read(tmp_path / "rec")
    assert recording.status == "finished", "a signal is the way to end it"
    assert recording.samples.height == seen


def test_a_signal_before_the_run_time_is_over_interrupts_the_recording(tmp_path: Path) -> None:
    more = ["--headless", "-u", "5", "-r", "5", "-t", "60", "--recording", "rec"]
    with LoadService() as service, locust(tmp_path, *options(tmp_path, service, *more)) as run:
        run.until(lambda: has_samples(tmp_path / "rec"), "samples")
        run.process.send_signal(signal.SIGTERM)
        run.wait(5)
    assert read(tmp_path / "rec").status == "interrupted"


def test_a_killed_locust_leaves_what_it_had_flushed(tmp_path: Path) -> None:
    more = ["--headless", "-u", "5", "-r", "5", "--recording", "rec"]
    with LoadService() as service, locust(tmp_path, *options(tmp_path, service, *more)) as run:
        run.until(lambda: has_samples(tmp_path / "rec"), "samples")
        run.process.kill()
        run.wait(5)
    recording = read(tmp_path / "rec")
    assert recording.status == "running"
    assert recording.samples.height > 20


def test_all_bad_options_are_told_in_one_message(tmp_path: Path) -> None:
    with locust(tmp_path, "--headless", "--credentials", "nowhere.json", "--rate", "0", "--relogin", "ever") as run:
        assert run.wait() == 64
    for word in ("no host", "nowhere.json", "--rate must be a positive number", "--relogin must be one of"):
        assert word in run.said
    assert "Traceback" not in run.said
    assert not (tmp_path / "results").exists()


def test_the_web_page_does_not_open_without_credentials(tmp_path: Path) -> None:
    with locust(tmp_path, "--web-host", "127.0.0.1") as run:
        assert run.wait() == 64
    assert "give --credentials FILE" in run.said
    assert "--host" not in run.said, "that can be said in the page"


def test_bad_options_of_forked_workers_are_told_once(tmp_path: Path) -> None:
    with locust(tmp_path, "--headless", "--processes", "2", "--rate", "0", "--host", "http://127.0.0.1:1") as run:
        assert run.wait() == 64
    assert run.said.count("--rate must be a positive number") == 1


def test_the_options_stand_in_the_scenarios_help_in_a_group_of_their_own() -> None:
    scenario = content_root() / "loadtests" / "browse.py"
    done = subprocess.run([sys.executable, scenario, "--help"], capture_output=True, text=True, timeout=30, check=True)
    ours = done.stdout.split("authlab:", 1)[1]
    for option in ("--credentials", "--rate", "--seed", "--timeout-s", "--relogin", "--recording", "--plan"):
        assert option in ours
    assert json.dumps("AUTHLAB_CREDENTIALS").strip('"') in ours


def test_several_scenarios_make_one_recording_under_a_path_and_expired_cookies_are_no_log_outs(tmp_path: Path) -> None:
    more = ["--headless", "-u", "4", "-r", "4", "-t", "5", "--rate", "60", "--recording", "rec", "--addresses", "own"]
    names = str(credentials(tmp_path))
    with (
        LoadService(prefix="/api/v1", cookie_for_s=1) as service,
        locust(
            tmp_path, "--host", service.url + "/api/v1/", "--credentials", names, *more,
            scenario="browse.py,leave.py,browse.py",
        ) as run,
    ):  # fmt: skip
        run.wait()
        assert "Traceback" not in run.said, run.said
        seen = list(service.seen)
    recording = read(tmp_path / "rec")
    assert (recording.head.scenario, recording.status) == ("browse-leave", "finished")
    assert recording.head.host == service.url + "/api/v1"
    assert {path.removeprefix("/api/v1") for _, path, _ in seen} <= {"/login", "/me", "/cart", "/cart/items"}
    assert all(path.startswith("/api/v1/") for _, path, _ in seen)
    assert len({headers["x-forwarded-for"] for _, _, headers in seen}) == 4
    refused = recording.samples.filter(pl.col("outcome") == "auth")
    assert refused.height > 5, "cookies have expired"
    assert set(refused["credential"]) == {0}, "what has expired was not sent"
    checked = no_spurious_logout(recording.samples, ())
    assert checked.value != "violated", checked.summary


def test_a_folder_of_scenarios_and_a_file_that_imports_one_work_as_well(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from browse import Browser\nfrom lab_load.conductor import register\nfrom locust import events\n"
        "register(events, scenario='mine', mix={'me': 1})\nclass Mine(Browser): ...\n"
    )
    more = ["--headless", "-u", "4", "-r", "4", "-t", "1", "--recording", "rec"]
    names = str(credentials(tmp_path))
    with LoadService() as service:
        files = f"../loadtests,{tmp_path / 'mine.py'}"
        with locust(tmp_path, "--host", service.url, "--credentials", names, *more, scenario=files) as run:
            assert run.wait() == 0, run.said
    recording = read(tmp_path / "rec")
    assert recording.head.scenario == "browse-cart-leave-mine"
    assert set(recording.samples["outcome"]) == {"ok"}
    assert set(recording.samples["user"]) == set(range(4))
