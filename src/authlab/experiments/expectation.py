"""A row of expectations: the arm, the quantity, its prediction, and the function that measures it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from authlab.experiments.evidence import Evidence
from authlab.experiments.verdicts import MORE_USERS, Judge, judge_prediction
from authlab.model.findings import SHARE_MARGIN, Observation, Prediction

Key = tuple[str, str, str | None, str]
"""Arm, quantity, the arm it is compared with, stage. No two rows of an experiment have the same key."""


@dataclass(frozen=True)
class Measured:
    """A value with its 95 % interval, over `blocks` blocks (or repetitions) and `samples` requests (or users).

    `unit` has the values of `Observation.unit`.
    """

    value: float | None
    interval: tuple[float, float] | None
    blocks: int
    samples: int
    unit: str
    note: str = ""


Measure = Callable[[Evidence, str], Measured | None]
"""A function of the evidence and an arm's label that measures a quantity of that arm. It gives None if there was
nothing to measure."""


def _none(evidence: Evidence) -> tuple[str, ...]:  # noqa: ARG001 - the signature of doubts
    return ()


@dataclass(frozen=True)
class Expectation:
    """One row. Without a `prediction` the quantity is observed and not judged.

    `rests_on` are further arms whose data the measure reads. Doubts about them are doubts about this row. If the
    plans lack one of them, the row is dropped. `doubts` gives those that come from the data of the whole experiment.
    `remedy` says what makes the interval narrower.
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
        """What identifies the row within its experiment."""
        return self.arm, self.quantity, self.against, self.stage

    def observed(self, evidence: Evidence) -> Observation | None:
        """The measured quantity. Its `workers` is the number of workers with which the arm began."""
        evidence = evidence.at(self.stage)
        found = self.measure(evidence, self.arm)
        if found is None:
            return None
        arms = evidence.of(self.arm)
        workers = arms[0].arm.workers if arms else None
        numbers = (found.value, found.interval, found.blocks, found.samples, found.unit)
        return Observation(self.arm, self.quantity, *numbers, workers, self.against, found.note, self.stage)

    def all_doubts(self, evidence: Evidence) -> tuple[str, ...]:
        """The reasons why the row can't be judged, regardless of its numbers."""
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
    """A row: `quantity` of `arm` is predicted to be `value` ± `margin`. `formula` says where the value comes from."""
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
    """A row: `quantity` of `arm`, compared with `against`, is predicted to be at least `threshold`.

    `rule` says this in words.
    """
    prediction = Prediction(
        arm, quantity, formula, None, workers=workers, against=against, rule=rule, at_least=threshold
    )
    return Expectation(arm, quantity, measure, prediction, rests_on, against, doubts=doubts, remedy=remedy)


def also(arm: str, quantity: str, measure: Measure) -> Expectation:
    """A row without a prediction: `quantity` of `arm` is only observed."""
    return Expectation(arm, quantity, measure)


def key_of(item: Prediction | Observation) -> Key:
    """The key of the row to which a stored prediction or observation belongs."""
    return item.mode, item.quantity, item.against, item.stage
