"""What was predicted, what was observed, and what follows from both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from authlab.model.plan import Plan

VerdictValue = Literal["confirmed", "refuted", "inconclusive"]

SHARE_MARGIN: Final = 0.02
"""A predicted share counts as met where the whole interval lies within this distance of it."""


YES_NO: Final = "yes-no"
"""The unit of what is or is not: 1 for yes, 0 for no, without a margin."""


@dataclass(frozen=True)
class Prediction:
    """A value (or a rule) that an experiment states before anything runs.

    `value` with `margin` is judged by the interval; a claim without a closed form has no value and states
    its `rule` in words instead. `against` names the mode that a ratio or difference is taken to. `unit` is
    YES_NO for a question, else empty: the observation's says it.
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

    `unit` is "share", "ms", "us" (CPU time per request), "bytes", "ratio", "rps" or YES_NO; `value` and `interval`
    are None where there was nothing to measure. `mode`, `against` and `stage` are as in a `Prediction`.
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
    """One prediction held against its observation."""

    prediction: Prediction
    observation: Observation | None
    verdict: Verdict


@dataclass(frozen=True)
class ExperimentResult:
    """What one experiment of a run came to. `plans` are stored before anything runs; those of a run of schema 1 are as
    far as it tells. `telling` is the id of the figure that the report shows first; empty leaves it to the report.
    """

    id: str
    claim: str
    predictions: tuple[Prediction, ...]
    observations: tuple[Observation, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    verdict: Verdict | None = None
    plans: tuple[Plan, ...] = ()
    telling: str = ""
