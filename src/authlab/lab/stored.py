"""A stored run with the data in its folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from authlab.checkers.history import check_history
from authlab.lab.collecting import tables_of
from authlab.model.history import TrialHistory
from authlab.model.plan import Plan
from authlab.model.run import Run, Trial
from authlab.store.frames import SAMPLES_SCHEMA, TrialFrames
from authlab.store.history import read_trial_history
from authlab.store.runs import RunFolder

_JUDGED: Final = tuple(name for name in SAMPLES_SCHEMA if name not in ("ready_ns", "request_id", "item", "cart"))
"""What judges and reports read of a sample. Only the history checkers read the others, which are most of the bytes."""


@dataclass(frozen=True)
class Stored:
    """A run, and the tables and histories of its trials by the trial's id."""

    run: Run
    frames: Mapping[str, TrialFrames]
    histories: Mapping[str, TrialHistory]


def load(store: RunFolder, run: Run, experiments: Iterable[str] | None = None) -> Stored:
    """The run with the data of its trials, or only those of some `experiments`. Raises `Damaged`.

    A history that a killed lab did not check is checked now.
    """
    wanted = None if experiments is None else set(experiments)
    frames, histories = {}, {}
    for trial in run.trials:
        if wanted is not None and trial.experiment not in wanted:
            continue
        history = read_trial_history(store.path / "trials" / trial.id)
        unchecked = history is not None and not history.checks
        columns = tuple(SAMPLES_SCHEMA) if unchecked else _JUDGED
        frames[trial.id] = tables_of(store, trial.id, _plan_of(run, trial), columns=columns)
        if history is not None:
            histories[trial.id] = _checked(history, frames[trial.id])
    return Stored(run, frames, histories)


def _plan_of(run: Run, trial: Trial) -> Plan | None:
    results = (result for result in run.experiments if result.id == trial.experiment)
    return next((plan for result in results for plan in result.plans if plan.stage == trial.stage), None)


def _checked(history: TrialHistory, tables: TrialFrames) -> TrialHistory:
    if history.checks or tables.samples.is_empty():
        return history
    return replace(history, checks=check_history(tables.samples, history.faults))
