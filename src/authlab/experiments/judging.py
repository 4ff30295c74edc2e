"""A result from stored predictions and evidence. Fresh runs, killed runs and old runs use the same function."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import key_of
from authlab.experiments.experiment import Experiment
from authlab.model.findings import ExperimentResult, Judgement, Observation, Verdict
from authlab.model.plan import Plan

_NOTHING_PREDICTED: Final = Verdict(
    "inconclusive",
    "nothing is predicted for the chosen modes: the measurements are reported, but they confirm nothing",
    ("choose other modes with --mode, or leave --mode out",),
)


def planned(experiment: Experiment, plans: Sequence[Plan]) -> ExperimentResult:
    """The experiment as run.json holds it before anything runs: its plans and predictions."""
    rows = experiment.expectations(plans)
    predictions = tuple(row.prediction for row in rows if row.prediction is not None)
    return ExperimentResult(
        experiment.id, experiment.claim, predictions, plans=tuple(plans), telling=experiment.telling
    )


def judge(experiment: Experiment, stored: ExperimentResult, evidence: Evidence) -> ExperimentResult:
    """Judge the predictions of `stored` by the evidence. Pure: it reads only its arguments.

    A judge that crashes yields `inconclusive`, never a pass.
    """
    if stored.predictions and evidence.is_empty:
        return replace(stored, verdict=Verdict("inconclusive", "nothing was measured"))
    try:
        return _judged(experiment, stored, evidence)
    except Exception as error:  # noqa: BLE001  (the data must be reported even if a judge crashes)
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"
        return replace(stored, verdict=Verdict("inconclusive", "the judge itself failed", (why,)))


def _judged(experiment: Experiment, stored: ExperimentResult, evidence: Evidence) -> ExperimentResult:
    rows = {row.key: row for row in experiment.expectations(stored.plans)}
    seen = {key: row.observed(evidence) for key, row in rows.items()}
    observations: list[Observation] = [found for found in seen.values() if found is not None]
    observations += [found for found in experiment.observe(evidence) if key_of(found) not in seen]
    judgements: list[Judgement] = []
    for prediction in stored.predictions:
        # The run holds what was predicted. The rules of a later version must not change it.
        row = rows.get(key_of(prediction))
        if row is None:
            why = "this version of authlab does not measure it"
            unknown = Verdict("inconclusive", f"{prediction.quantity} of {prediction.mode} was not measured", (why,))
            judgements.append(Judgement(prediction, None, unknown))
        else:
            judgements.append(row.judge(prediction, seen[row.key], row.all_doubts(evidence), row.remedy))
    return replace(
        stored,
        observations=tuple(observations),
        judgements=tuple(judgements),
        verdict=experiment.verdict(judgements) if judgements else _NOTHING_PREDICTED,
    )
