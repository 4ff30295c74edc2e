"""A row of expectations: the arm, the quantity, what is predicted of it, and the function that measures it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from authlab.experiments.evidence import Evidence
from authlab.experiments.verdicts import MORE_USERS, Judge, judge_prediction
from authlab.model.findings import SHARE_MARGIN, Observation, Prediction

Key = tuple[str, str, str | None, str]
"""Arm, quantity, the arm that it is taken to, stage: what tells one row of an experiment from another."""


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval, over `blocks` blocks (or repetitions) and `samples` requests (or users).

    `unit` is that of an `Observation`.
    """

    value: float | None
    interval: tuple[float, float] | None
    blocks: int
    samples: int
    unit: str
    note: str = ""


Measure = Callable[[Evidence, str], Measured | None]
"""Evidence and an arm's label to what was measured of that arm; None where there was nothing to measure."""


def _none(evidence: Evidence) -> tuple[str, ...]:  # noqa: ARG001 - the signature of doubts
    return ()


@dataclass(frozen=True)
class Expectation:
    """One row. Without a `prediction` the quantity is observed and not judged.

    `rests_on` are further arms whose data the measure reads, so that doubts about them are doubts about this row; the
    row stands only where all of them do. `doubts` are those that lie in the data of the whole experiment. `remedy` is
    what makes the interval narrower.
    """

    arm: str
    quantity: str
    measure: Measure
    prediction: Prediction | None = None
    rests_on: tuple[str, ...] = ()
    against: str | None = None
    stage: str = ""
    doubts: Callable[[Evidence], tuple[str, ...]] = _none
    remedy: str = MORE_USERS
    judge: Judge = judge_prediction

    @property
    def key(self) -> Key:
        """What tells it from the other rows."""
        return self.arm, self.quantity, self.against, self.stage

    def observed(self, evidence: Evidence) -> Observation | None:
        """The measured quantity. `workers` are those that the arm began with."""
        evidence = evidence.at(self.stage)
        found = self.measure(evidence, self.arm)
        if found is None:
            return None
        arms = evidence.of(self.arm)
        workers = arms[0].arm.workers if arms else None
        numbers = (found.value, found.interval, found.blocks, found.samples, found.unit)
        return Observation(self.arm, self.quantity, *numbers, workers, self.against, found.note, self.stage)

    def all_doubts(self, evidence: Evidence) -> tuple[str, ...]:
        """Why the row can't be judged, whatever its numbers say."""
        held = evidence.at(self.stage)
        found = [reason for label in (self.arm, *self.rests_on) for reason in held.doubts(label)]
        return tuple(dict.fromkeys((*found, *self.doubts(evidence))))


def expect(
    arm: str,
    quantity: str,
    value: float,
    measure: Measure,
    *,
    formula: str = "",
    margin: float = SHARE_MARGIN,
    workers: int | None = None,
    rests_on: tuple[str, ...] = (),
    stage: str = "",
    remedy: str = MORE_USERS,
) -> Expectation:
    """Under `arm`, `quantity` is `value` ± `margin`, measured so. `formula` says where the value comes from."""
    prediction = Prediction(arm, quantity, formula or f"{value:g}", value, margin, workers, stage=stage)
    return Expectation(arm, quantity, measure, prediction, rests_on, stage=stage, remedy=remedy)


def expect_at_least(
    arm: str,
    quantity: str,
    threshold: float,
    measure: Measure,
    *,
    formula: str,
    rule: str,
    workers: int | None = None,
    against: str | None = None,
    rests_on: tuple[str, ...] = (),
    doubts: Callable[[Evidence], tuple[str, ...]] = _none,
    remedy: str = MORE_USERS,
) -> Expectation:
    """Under `arm`, `quantity` (taken to `against`) is at least `threshold`, measured so. `rule` says it in words."""
    prediction = Prediction(
        arm, quantity, formula, None, workers=workers, against=against, rule=rule, at_least=threshold
    )
    return Expectation(arm, quantity, measure, prediction, rests_on, against, doubts=doubts, remedy=remedy)


def also(arm: str, quantity: str, measure: Measure) -> Expectation:
    """Under `arm`, `quantity` is measured so, and not predicted."""
    return Expectation(arm, quantity, measure)


def key_of(item: Prediction | Observation) -> Key:
    """The key of the row that a stored prediction or observation belongs to."""
    return item.mode, item.quantity, item.against, item.stage
