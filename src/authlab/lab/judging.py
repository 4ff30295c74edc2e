"""Verdicts from a run's tables: at the end of a run, and again for one whose lab was killed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from authlab.experiments.base import Experiment, Stage, StageData
from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.faulted import FaultData, FaultExperiment
from authlab.lab.extensions import own_modes_of
from authlab.lab.summaries import reasons_of, summary_of
from authlab.model.findings import ExperimentResult, Verdict
from authlab.model.run import Run, Trial
from authlab.store.frames import TrialFrames


def judged(experiment: Experiment, planned: ExperimentResult, data: Sequence[StageData]) -> ExperimentResult:
    """The experiment's result; a judge that crashes yields `inconclusive`, never a pass."""
    if not _measured_any(data):
        return replace(planned, verdict=Verdict("inconclusive", "nothing was measured"))
    return _soundly(planned, lambda: experiment.judge(planned.predictions, data))


def judged_faults(
    experiment: FaultExperiment, planned: ExperimentResult, data: Sequence[FaultData]
) -> ExperimentResult:
    """The same for a fault experiment."""
    # Without predictions there was nothing to measure, and the experiment says so itself.
    if planned.predictions and not _measured_any(data):
        return replace(planned, verdict=Verdict("inconclusive", "nothing was measured"))
    return _soundly(planned, lambda: experiment.judge_faults(planned.predictions, data))


def _measured_any(data: Sequence[StageData] | Sequence[FaultData]) -> bool:
    return any(frames.samples.height for stage in data for frames in stage.frames.values())


def _soundly(planned: ExperimentResult, judge: Callable[[], ExperimentResult]) -> ExperimentResult:
    try:
        return judge()
    except Exception as error:  # noqa: BLE001  (whatever a judge does, the data must get their report)
        where = traceback.extract_tb(error.__traceback__)[-1]
        return replace(
            planned,
            verdict=Verdict(
                "inconclusive",
                "the judge itself failed",
                (f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})",),
            ),
        )


def judge_again(run: Run, frames: Mapping[str, TrialFrames]) -> Run:
    """`run` with trials and verdicts as its tables give them: for a run that never got to its own verdicts.

    Experiments that this authlab doesn't know, and those that have a verdict, stay as they are.
    """
    cores = _stack_cores(run)
    trials = tuple(_measured(trial, frames.get(trial.id), cores) for trial in run.trials)
    revived = replace(run, trials=trials)
    results = tuple(
        judged(EXPERIMENTS[planned.id], planned, _stages(revived, planned.id, frames))
        if planned.verdict is None and planned.id in EXPERIMENTS
        else planned
        for planned in run.experiments
    )
    return replace(revived, experiments=results)


def _stack_cores(run: Run) -> int | None:
    """How many cores the stacks had, as far as the run tells."""
    pinned = (run.machine.get("pinning") or {}).get("stack") or ()
    return len(pinned) or run.machine.get("cores")


def _measured(trial: Trial, frames: TrialFrames | None, cores: int | None) -> Trial:
    if frames is None or frames.samples.is_empty() or trial.summary:
        return trial
    summary = summary_of(frames, stack_cores=cores)
    reasons = reasons_of(frames, None, cores)
    return replace(trial, blocks=summary["blocks"], valid=not reasons, reasons=reasons, summary=summary)


def _stages(run: Run, experiment: str, frames: Mapping[str, TrialFrames]) -> list[StageData]:
    found = []
    for body in run.parameters.get("stages", ()):
        if body["experiment"] != experiment:
            continue
        known = {name: value for name, value in body.items() if name in Stage.__dataclass_fields__}
        stage = Stage(**{**known, "labels": tuple(body["labels"]), "seed": run.seed, "own_modes": own_modes_of(run)})
        trials = [t for t in run.trials if t.experiment == experiment and t.stage == stage.key and t.summary]
        found.append(StageData(stage, {t.mode: frames[t.id] for t in trials}, {t.mode: t.reasons for t in trials}))
    return found
