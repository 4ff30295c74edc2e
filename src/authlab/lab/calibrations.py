"""Finds the calibration that a run on this machine may cite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from authlab.experiments.calibration import EXPERIMENT, calibration_of
from authlab.model.calibration import Calibration
from authlab.model.errors import Damaged
from authlab.report.compare.circumstances import machines_are_alike
from authlab.store.runs import RunFolder, stored_runs

_ALL: Final = f"*-{EXPERIMENT.id}*"


def newest_calibration(results: Path, machine: Mapping[str, Any], stack: str) -> Calibration | None:
    """The newest calibration under `results` that was made on this `machine` with this kind of `stack`.

    A folder that can't be read is passed over: a run must not fail because an older one is damaged.
    """
    for folder in reversed([path for path in stored_runs(results) if path.match(_ALL)]):
        try:
            run = RunFolder(folder).read_run()
        except Damaged:
            continue
        found = calibration_of(run)
        if found is not None and run.stack == stack and machines_are_alike(run.machine, machine):
            return found
    return None
