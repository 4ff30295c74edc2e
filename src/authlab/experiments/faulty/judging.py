"""What fault experiments share in judging: one observation per arm over all repetitions, and the verdict on all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from authlab.experiments.faulted import FaultData
from authlab.experiments.verdicts import combine, judge_value
from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.stats.users import mean_of_counts, share_of_users

_NOTHING_PREDICTED: Final = Verdict(
    "inconclusive",
    "nothing is predicted for the modes that were chosen: what was seen is told, and confirms nothing",
    ("choose other modes with --mode, or leave it out",),
)

MORE_USERS: Final = "more users (--users) or repetitions (--repeat)"
Doubts = dict[str, tuple[str, ...]]


def doubts_of(data: Sequence[FaultData]) -> Doubts:
    """Why an arm's numbers can't be trusted, by label, over all repetitions."""
    found: Doubts = {}
    for stage in data:
        for label, reasons in stage.invalid.items():
            found[label] = tuple(dict.fromkeys((*found.get(label, ()), *reasons)))
    return found


def share(
    label: str, quantity: str, hits: int, users: int, data: Sequence[FaultData], note: str = ""
) -> Observation | None:
    """A share of users, pooled over the repetitions; None where there was nobody to count."""
    if users == 0:
        return None
    workers = data[0].stage.workers if data else None
    return Observation(
        label, quantity, hits / users, share_of_users(hits, users), len(data), users, "share", workers, note=note
    )


def mean(
    label: str, quantity: str, values: Sequence[float], data: Sequence[FaultData], unit: str, note: str = ""
) -> Observation | None:
    """A mean of counts over users, pooled over the repetitions; None where there are fewer than two."""
    interval = mean_of_counts(values)
    if interval is None:
        return None
    workers = data[0].stage.workers if data else None
    average = sum(values) / len(values)
    return Observation(label, quantity, average, interval, len(data), len(values), unit, workers, note=note)


def judge_users(prediction: Prediction, seen: Observation | None, doubts: Sequence[str]) -> Judgement:
    """`judge_value`, with what narrows an interval over users."""
    return judge_value(prediction, seen, doubts, MORE_USERS)


def result_of(
    experiment: object,
    predictions: Sequence[Prediction],
    observations: Sequence[Observation | None],
    data: Sequence[FaultData],
    holds: str,
    fails: str,
    judge: Callable[[Prediction, Observation | None, Sequence[str]], Judgement] | None = None,
    rests_on: Sequence[str] = (),
) -> ExperimentResult:
    """Every prediction against the observation of its arm and quantity.

    `rests_on` are arms that every observation is made of as well, so that doubts of theirs are doubts of all.
    """
    seen = [observation for observation in observations if observation is not None]
    by_key: Mapping[tuple[str, str], Observation] = {(o.mode, o.quantity): o for o in seen}
    doubts = doubts_of(data)
    judge = judge or judge_users
    judgements = [
        judge(
            p,
            by_key.get((p.mode, p.quantity)),
            tuple(dict.fromkeys(why for label in (p.mode, *rests_on) for why in doubts.get(label, ()))),
        )
        for p in predictions
    ]
    verdict = combine(judgements, holds, fails) if judgements else _NOTHING_PREDICTED
    name, claim = str(getattr(experiment, "id", "")), str(getattr(experiment, "claim", ""))
    return ExperimentResult(name, claim, tuple(predictions), tuple(seen), tuple(judgements), verdict)
