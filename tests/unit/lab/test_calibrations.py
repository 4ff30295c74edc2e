"""Which calibration a run cites: the newest of this machine and stack that came to a verdict. Its report says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authlab.experiments.calibration import DIFFERENCE, FALSE_DIFFERENCES, SLOPE
from authlab.lab.calibrations import newest_calibration
from authlab.model.calibration import Calibration
from authlab.model.findings import ExperimentResult, Observation, Verdict
from authlab.model.run import Run
from authlab.report import build_report, render_html, render_markdown
from authlab.store.runs import RunFolder
from tests.unit.report.tiny_run import tiny_run

_MACHINE: dict[str, Any] = {
    "cpu": "AMD EPYC",
    "architecture": "x86_64",
    "cores": 2,
    "memory_bytes": 24 * 1024**3,
    "virtual": True,
    "pinning": {"generator": [1], "stack": [0]},
}


def _calibrated(results: Path, day: int, slope: float = 1.01, **other: Any) -> Run:
    """A stored calibration of that day of December."""
    seen = (
        Observation("none", SLOPE, slope, (slope - 0.05, slope + 0.05), 40, 9000, "us/us"),
        Observation("none", FALSE_DIFFERENCES, 2 / 15, None, 40, 15, "share"),
        Observation("clone-2", DIFFERENCE, 1.0, (-3.0, 5.0), 40, 900, "us", against="none"),
    )
    result = ExperimentResult("calibration", "it finds", (), seen, (), Verdict("confirmed", "it did"))
    run = Run(
        id=f"202612{day:02d}T100000Z-calibration",
        status="finished",
        command=("authlab", "calibrate"),
        seed=1,
        started_at=f"2026-12-{day:02d}T10:00:00Z",
        finished_at=f"2026-12-{day:02d}T10:03:00Z",
        stack="local",
        machine=_MACHINE,
        versions={},
        parameters={},
        experiments=(result,),
    )
    run = replace(run, **other)
    RunFolder.create(results, run.id).write_run(run)
    return run


def test_the_newest_one_is_cited_with_its_slope_and_false_differences(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        _calibrated(tmp_path, day, 1.0 + day / 100)
    cited = newest_calibration(tmp_path, _MACHINE, "local")
    expected = (pytest.approx(0.98), pytest.approx(1.08))
    assert cited is not None
    assert (cited.run, cited.at) == ("20261203T100000Z-calibration", "2026-12-03T10:00:00Z")
    assert (cited.verdict, cited.slope, cited.interval) == ("confirmed", 1.03, expected)
    assert (cited.false_differences, cited.pairs) == (2, 15)


@pytest.mark.parametrize(
    "other",
    [
        {"machine": {**_MACHINE, "cpu": "Another CPU"}},
        {"machine": {**_MACHINE, "cores": 8}},
        {"machine": {**_MACHINE, "memory_bytes": 8 * 1024**3}},
        {"machine": {}},
        {"stack": "compose"},
        {"status": "interrupted"},
        {"experiments": ()},
    ],
    ids=str,
)
def test_one_of_another_machine_or_stack_or_without_a_verdict_is_not(tmp_path: Path, other: dict[str, Any]) -> None:
    _calibrated(tmp_path, 5, **other)
    assert newest_calibration(tmp_path, _MACHINE, "local") is None
    older = _calibrated(tmp_path, 4)
    cited = newest_calibration(tmp_path, _MACHINE, "local")
    assert cited is not None
    assert cited.run == older.id


def test_a_little_more_memory_after_a_boot_is_the_same_machine(tmp_path: Path) -> None:
    _calibrated(tmp_path, 1)
    assert newest_calibration(tmp_path, {**_MACHINE, "memory_bytes": 24 * 1024**3 - 4096}, "local") is not None


def test_damaged_folders_and_an_empty_results_folder_stop_no_run(tmp_path: Path) -> None:
    assert newest_calibration(tmp_path / "none yet", _MACHINE, "local") is None
    run = _calibrated(tmp_path, 1)
    (tmp_path / "runs" / "20261209T100000Z-calibration").mkdir()
    broken = tmp_path / "runs" / "20261208T100000Z-calibration"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    cited = newest_calibration(tmp_path, _MACHINE, "local")
    assert cited is not None
    assert cited.run == run.id


def test_a_run_keeps_its_citation_and_its_report_tells_it_from_the_folder_alone(tmp_path: Path) -> None:
    run, frames = tiny_run()
    cited = Calibration("20261203T100000Z-calibration", "2026-12-03T10:00:00Z", "confirmed", 1.03, (0.98, 1.08), 2, 15)
    folder = RunFolder.create(tmp_path, run.id)
    folder.write_run(replace(run, calibration=cited))
    stored = folder.read_run()
    assert stored.calibration == cited
    report = build_report(stored, frames)
    for page in (render_markdown(report), render_html(report)):
        said = " ".join(page.replace("\u00a0", " ").replace("\\", "").split())
        assert "2026-12-03" in said
        assert "1.030 [0.980, 1.080] µs per µs added" in said
        assert "Of 15 pairs of alike clones it found 2 to differ" in said
    assert "Calibration" not in render_markdown(build_report(run, frames)), "a run without one does not claim any"
