"""A run and its trials, as run.json holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from authlab.model.calibration import Calibration
from authlab.model.findings import ExperimentResult
from authlab.model.machine import MachineFacts
from authlab.model.plan import Seed

RUN_SCHEMA: Final = "authlab/run/2"
OLD_RUN_SCHEMA: Final = "authlab/run/1"
"""Runs of this schema are read, reported and compared, but not judged again: they hold too little of the plan."""

RunStatus = Literal["running", "finished", "interrupted", "failed"]


@dataclass(frozen=True)
class Trial:
    """One arm measured: `experiment` and `stage` name its plan, `mode` is the arm's label.

    `id` is also the name of its folder under `trials/`. `reasons` say why a trial is not valid.
    """

    id: str
    experiment: str
    stage: str
    mode: str
    workers: int
    block: int = 0
    blocks: int = 0
    valid: bool = True
    reasons: tuple[str, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """All trials of the experiments of one call, with their circumstances. Immutable: a change makes a new `Run`.

    `calibration` is the last one of this machine before the run, None if there was none.
    """

    id: str
    status: RunStatus
    command: tuple[str, ...]
    seed: Seed
    started_at: str
    finished_at: str | None
    stack: str
    machine: dict[str, Any]
    versions: dict[str, str]
    parameters: dict[str, Any]
    experiments: tuple[ExperimentResult, ...] = ()
    trials: tuple[Trial, ...] = ()
    failure: str | None = None
    facts: MachineFacts | None = None
    calibration: Calibration | None = None
    schema: str = RUN_SCHEMA
