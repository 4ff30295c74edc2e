"""Predictions, observations, and the verdicts that follow from both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from authlab.model.plan import Plan

VerdictValue = Literal["confirmed", "refuted", "inconclusive"]

SHARE_MARGIN: Final = 0.02
"""A predicted share is confirmed if the whole interval lies within this distance of it."""


YES_NO: Final = "yes-no"
"""The unit of yes-or-no questions: 1 is yes, 0 is no, and there is no margin."""


@dataclass(frozen=True)
class Prediction:
    """A value (or a rule) that an experiment states before anything runs.

    `value` with `margin` is judged by the interval. A claim without a closed form has no value and states its `rule`
    in words instead. `against` names the mode with which a ratio or difference is formed. `unit` is YES_NO for a
    question, and otherwise empty, because the observation has the unit.
    """

    mode: str
    quantity: str
    formula: str
    value: float | None
    margin: float = SHARE_MARGIN
    workers: int | None = None
    against: str | None = None
    rule: str = ""
    unit: str = ""
    stage: str = ""
    at_least: float | None = None


@dataclass(frozen=True)
class Observation:
    """A measured quantity of one mode, with its 95 % interval over `blocks` blocks and `samples` requests.

    `unit` is "share", "ms", "us" (CPU time per request), "bytes", "ratio", "rps" or YES_NO. `value` and `interval`
    are None if there was nothing to measure. `mode`, `against` and `stage` are as in a `Prediction`.
    """

    mode: str
    quantity: str
    value: float | None
    interval: tuple[float, float] | None
    blocks: int
    samples: int
    unit: str
    workers: int | None = None
    against: str | None = None
    note: str = ""
    stage: str = ""


@dataclass(frozen=True)
class Verdict:
    """`confirmed`, `refuted` or `inconclusive`, always with the numbers that led to it."""

    value: VerdictValue
    summary: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """One prediction, its observation, and the verdict."""

    prediction: Prediction
    observation: Observation | None
    verdict: Verdict


@dataclass(frozen=True)
class ExperimentResult:
    """The result of one experiment of a run.

    `plans` are stored before anything runs. A run of schema 1 holds them only in part. `telling` is the id of the
    figure that the report shows first; if it is empty, the report chooses.
    """

    id: str
    claim: str
    predictions: tuple[Prediction, ...]
    observations: tuple[Observation, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    verdict: Verdict | None = None
    plans: tuple[Plan, ...] = ()
    telling: str = ""
