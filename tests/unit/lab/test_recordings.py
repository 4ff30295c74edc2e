"""A recording of plain Locust as a run: its mode, its workers, its machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from authlab.host.machine import Pinning, machine_facts
from authlab.lab.recordings import run_of_recording
from authlab.model.samples import SAMPLE_COLUMNS
from authlab.report import build_report
from tests.unit.load.conftest import LOADTESTS

MS = 1_000_000
SECOND = 1_000 * MS


def recording(folder: Path, *, seconds: int = 30, workers: int = 2, **facts: Any) -> Path:
    """Fifty requests a second of five users, dealt to the workers in turn, each answered within two milliseconds."""
    body = {
        "schema": "authlab/recording/1",
        "id": folder.name,
        "status": "finished",
        "scenario": "browse",
        "host": "http://127.0.0.1:8080",
        "users": 5,
        "rate_rps": 50,
        "clock": {"monotonic_ns": SECOND, "unix_ns": 1_700_000_000 * SECOND},
        **facts,
    }
    rows = [",".join(SAMPLE_COLUMNS)]
    for number in range(50 * seconds):
        due = SECOND + number * 20 * MS
        user, worker = number % 5, number % workers + 1
        rows.append(f"0,{user},me,{user + 1},1,0,{due},{due},{due},{due + 2 * MS},200,worker-{worker},ok,,r-{number},,")
    folder.mkdir(parents=True)
    (folder / "recording.json").write_text(json.dumps(body))
    (folder / "samples-h-1.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_a_recording_is_of_the_mode_that_was_named(tmp_path: Path) -> None:
    run, frames = run_of_recording(recording(tmp_path / "r", mode="jwt", workers_behind=4))
    assert [(trial.mode, trial.workers) for trial in run.trials] == [("jwt", 4)]
    assert set(frames[run.trials[0].id].samples["label"]) == {"jwt"}
    assert run.parameters["mode"] == "jwt"
    assert run.command == ("locust", "-f", "loadtests/browse.py")


def test_without_a_name_the_scenario_stands_for_it_and_the_workers_that_answered_are_counted(tmp_path: Path) -> None:
    run, _ = run_of_recording(recording(tmp_path / "r", workers=3))
    assert [(trial.mode, trial.workers) for trial in run.trials] == [("browse", 3)]
    assert run.parameters["mode"] is None


@pytest.mark.parametrize("facts", [{}, {"machine": "fast", "versions": [1], "parameters": 5, "workers_behind": "x"}])
def test_facts_that_are_missing_or_of_another_kind_do_not_keep_it_from_its_report(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    run, frames = run_of_recording(recording(tmp_path / "r", **facts))
    assert run.machine == {}
    assert run.trials[0].workers == 2
    assert build_report(run, frames).setups[0].labels == ("browse",)


def test_the_recorder_names_a_machine_as_the_lab_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(LOADTESTS)
    from lab_load.machine import machine_facts as of_the_recorder

    ours = machine_facts(Pinning((), ()))
    theirs = of_the_recorder()
    assert theirs.keys() == {"cpu", "architecture", "cores", "memory_bytes", "virtual"}
    assert theirs == {name: ours[name] for name in theirs}
