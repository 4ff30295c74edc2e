"""Ctrl-C, SIGTERM and the end of the terminal, at whatever moment: cleaned up, and the run so far can be reported."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from lab_process import ENDLESS, SHORT, Lab

from authlab.lab.reporting import write_reports
from authlab.store.runs import find_run

pytestmark = pytest.mark.stack

MOMENTS = [
    ": predicted ",
    "starting 3 stacks",
    "logging in 6 users",
    "under load",
    "stopping the stacks",
    "reading the samples",
    "writing the report",
]


@pytest.mark.parametrize(
    ("moment", "number"),
    [(moment, (signal.SIGINT, signal.SIGTERM)[place % 2]) for place, moment in enumerate(MOMENTS)]
    + [("under load", signal.SIGINT)],
)
def test_an_interrupted_run_is_cleaned_up_and_can_be_reported(moment: str, number: int, tmp_path: Path) -> None:
    # The last moments come by themselves, at the end of a run of four blocks.
    length = ENDLESS if MOMENTS.index(moment) <= MOMENTS.index("under load") else (*SHORT, "--blocks", "4")
    with Lab("run", *length, "--mode", "jwt", cwd=tmp_path) as lab:
        if moment == "under load":
            lab.is_under_load()
        else:
            lab.says(moment)
        lab.signal(number)
        assert lab.ends() == 130, lab.said
    assert "Traceback" not in lab.said
    # At its end a run may have got further than the moment that we saw.
    assert lab.run()["status"] in (("interrupted",) if length == ENDLESS else ("interrupted", "finished"))
    if moment != MOMENTS[-1]:  # there the signal ends the writing itself
        assert (lab.results / "latest" / "report.html").exists(), "it was reported before the lab ended"
    assert write_reports(find_run("latest", lab.results))[0].exists()
    told = json.loads((lab.results / "latest" / "report.json").read_text())
    assert (told["totals"]["requests"] > 0) == (MOMENTS.index(moment) >= MOMENTS.index("under load"))
    assert not [path for path in lab.results.rglob(".*") if path.name != ".lock"], "no draft of a file is left"


@pytest.mark.parametrize(
    ("loaded", "number", "code", "status"),
    [(False, signal.SIGINT, 130, "interrupted"), (True, signal.SIGKILL, -signal.SIGKILL, "running")],
)
def test_a_run_that_ends_in_a_later_round_leaves_nothing_and_keeps_the_blocks_before(
    loaded: bool, number: int, code: int, status: str, tmp_path: Path
) -> None:
    with Lab("run", *SHORT, "--blocks", "12", "--slice", "0.8s", "--mode", "jwt", cwd=tmp_path) as lab:
        lab.says("stacks for round 2")
        if loaded:
            lab.is_under_load()  # the raw files of the first round were removed before
        lab.signal(number)
        assert lab.ends() == code, lab.said
    run = lab.run()
    assert run["status"] == status
    assert run["experiments"][0]["plans"][0]["exercise"]["rounds"] == 3
    with Lab("report", "latest", cwd=tmp_path) as report:
        assert report.ends() == 0, report.said
    told = json.loads((lab.results / "latest" / "report.json").read_text())
    (setup,) = told["experiments"][0]["setups"]
    assert all(blocks >= 4 for blocks in setup["blocks"].values()), setup["blocks"]
    assert any("do not know about starts" in limit for limit in told["limits"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_standing_mode_ends_with_whatever_signal_asks_it_to(number: int, tmp_path: Path) -> None:
    with Lab("up", "jwt", "--workers", "1", "--users", "2", cwd=tmp_path) as lab:
        lab.says("is up at")
        lab.signal(number)
        assert lab.ends() == 0, lab.said
    assert list(tmp_path.iterdir()) == []


def test_a_standing_mode_that_is_interrupted_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with Lab("up", "redis", "--users", "2", cwd=tmp_path) as lab:
        lab.says("starting redis")
        time.sleep(0.1)
        lab.signal(signal.SIGTERM)
        code = lab.ends()
        # A quick machine may have been done with it: what stands ends with 0.
        assert code == (0 if "is up at" in lab.said else 130), lab.said
    assert "Traceback" not in lab.said
