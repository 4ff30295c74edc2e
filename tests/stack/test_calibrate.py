"""`authlab calibrate` on real stacks, and what a later run on the same machine says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.stack.lab_process import Lab

pytestmark = pytest.mark.stack

_SMALL = ("--users", "4", "--rate", "200", "--plain")


def test_it_finds_the_planted_cpu_time_and_is_stored_and_judged_as_a_run(tmp_path: Path) -> None:
    with Lab("calibrate", "--quick", "--blocks", "5", *_SMALL, cwd=tmp_path) as lab:
        lab.says("starting 10 stacks: none, clone-2")
        assert lab.ends() == 0, lab.said
    run = lab.run()
    assert (run["status"], run["command"][1], run["calibration"]) == ("finished", "calibrate", None)
    (result,) = run["experiments"]
    assert (result["id"], len(run["trials"])) == ("calibration", 10)
    seen = {(item["mode"], item["quantity"]): item for item in result["observations"]}
    assert seen["none", "false_differences"]["samples"] == 15
    assert seen["none", "cpu_found_per_cpu_added"]["value"] is not None
    # A busy machine moves this number a lot; the benchmark of its precision is the calibration itself.
    assert seen["plus-200us", "cpu_us_difference"]["value"] > 0
    assert "per µs added" in lab.said
    folder = lab.results / "latest"
    for name in ("report.json", "report.md", "report.html"):
        assert (folder / name).stat().st_size > 100
    with Lab("report", "latest", cwd=tmp_path) as again:
        assert again.ends() == 0, again.said
    assert json.loads((folder / "run.json").read_text())["experiments"] == [result], "the folder is all that it needs"
