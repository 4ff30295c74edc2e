"""What CI gets out of real runs and recordings: JUnit XML, and a recording compared with a run of its mode."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from lab_process import WITHIN_S, Lab

pytestmark = pytest.mark.stack

_LOAD = ("--users", "6", "--rate", "120", "--workers", "2", "--plain")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short run of `none` and `jwt` on two workers, and its verdicts in junit/run.xml.

    Whoever reads its output has seen enough after the first line.
    """
    folder = tmp_path_factory.mktemp("ci")
    arguments = ("--mode", "jwt", "--slice", "0.3s", "--blocks", "12", "--junit", "junit/run.xml")
    command = shlex.join([sys.executable, "-m", "authlab", "run", *_LOAD, *arguments])
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -1; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
    return folder


def test_a_reader_that_has_seen_enough_does_not_end_the_run(measured: Path) -> None:
    run = json.loads((measured / "results" / "latest" / "run.json").read_text())
    assert run["status"] == "finished"
    assert not run.get("failure")
    assert (measured / "results" / "latest" / "report.html").is_file()


def test_a_run_leaves_a_test_case_for_each_of_its_judgements(measured: Path) -> None:
    root = ET.parse(measured / "junit" / "run.xml").getroot()  # noqa: S314  (our own file)
    run = json.loads((measured / "results" / "latest" / "run.json").read_text())
    judgements = [item["verdict"]["value"] for e in run["experiments"] for item in e["judgements"]]
    assert len(judgements) >= 2
    names = [case.get("name", "") for case in root.iter("testcase")]
    assert any(name.startswith("jwt, N = 2: ") for name in names)
    assert int(root.attrib["failures"]) == judgements.count("refuted")
    assert len(names) >= len(judgements)


def test_the_locust_line_of_authlab_up_leaves_a_recording_that_is_held_against_a_run_of_its_mode(
    measured: Path,
) -> None:
    with Lab("up", "jwt", "--workers", "2", "--users", "6", cwd=measured) as lab:
        lab.says("--credentials")
        line = next(text for text in lab.said.splitlines() if "--credentials" in text)
        assert re.search(r"--mode jwt --workers-behind 2\b", line)
        more = ["--headless", "-u", "6", "-r", "6", "-t", "12", "--rate", "120", "--recording", "results/runs/recorded"]
        done = subprocess.run([*shlex.split(line), *more], cwd=measured, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stdout + done.stderr
        lab.signal(signal.SIGINT)
        assert lab.ends() == 0, lab.said
    with Lab("compare", "latest", "recorded", cwd=measured) as comparing:
        assert comparing.ends() == 0, comparing.said
    body = json.loads((measured / "results" / "comparison" / "compare.json").read_text())
    held = {quantity["quantity"]: quantity for quantity in body["quantities"]}
    assert {"refused", "p50"} <= held.keys(), body["refused"]
    assert {(row["label"], row["workers"]) for quantity in held.values() for row in quantity["rows"]} == {("jwt", 2)}
    assert held["refused"]["rows"][0]["effects"][0]["verdict"] in ("same", "inconclusive")
    assert 0.2 < held["p50"]["rows"][0]["effects"][0]["value"] < 5
