"""A stored result judged again: what was predicted stands, and whatever the code of today lacks is inconclusive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from authlab.experiments.counting import share
from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.expectation import Expectation, Measured, also, expect, expect_at_least
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.judging import judge, planned
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, side_by_side
from authlab.model.findings import ExperimentResult, Observation
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan
from tests.unit.experiments.made_faults import FACTS, always_good, data_of, live, value_of


def _half(arm: ArmData) -> tuple[int, int]:
    return 500, 1000


_MEASURE = share(_half)
_ROW = expect("jwt", "refused", 0.5, _MEASURE, margin=0.05)


@dataclass(frozen=True)
class Made(StackExperiment):
    """An experiment with the rows that a test gives it."""

    its_rows: Sequence[Expectation] = (_ROW,)
    seen_besides: Sequence[Observation] = field(default=())

    id = "made"
    claim = "it is so"
    summary = "made"
    holds = "it holds"
    fails = "it fails"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        arms = [loaded(options, "none", "none"), loaded(options, "jwt", "jwt")]
        plan = side_by_side(options, "r1", arms, 10.0, 1)
        return [plan] if plan else []

    def rows(self, plans: Sequence[Plan]) -> Sequence[Expectation]:  # noqa: ARG002
        return self.its_rows

    def observe(self, evidence: Evidence) -> Sequence[Observation]:  # noqa: ARG002
        return self.seen_besides


_PLANS = Made().plan(Options(), FACTS)
_EVIDENCE = Evidence((data_of(_PLANS[0], {name: (live(always_good, users=5), ()) for name in ("none", "jwt")}),), FACTS)


def _stored(*rows: Expectation) -> ExperimentResult:
    return planned(Made(rows or (_ROW,)), _PLANS)


def _again(stored: ExperimentResult, *rows: Expectation) -> ExperimentResult:
    """The result where the code of today has these rows."""
    return judge(Made(rows), stored, _EVIDENCE)


def test_planning_stores_plans_and_predictions_and_says_nothing_of_what_will_come() -> None:
    stored = _stored(_ROW, also("jwt", "more", _MEASURE))
    assert stored.plans == tuple(_PLANS)
    assert stored.predictions == (_ROW.prediction,)
    assert (stored.observations, stored.judgements, stored.verdict) == ((), (), None)


def test_a_prediction_is_judged_as_it_was_stored_whatever_the_code_predicts_today() -> None:
    assert value_of(_again(_stored(), _ROW)) == "confirmed"
    stricter = expect("jwt", "refused", 0.5, _MEASURE, margin=0.0001)
    other = expect("jwt", "refused", 0.9, _MEASURE, margin=0.05)
    for today in (stricter, other):
        again = _again(_stored(), today)
        assert value_of(again) == "confirmed"
        assert again.predictions == (_ROW.prediction,)
        assert [judged.prediction for judged in again.judgements] == [_ROW.prediction]
        assert value_of(_again(_stored(today), _ROW)) != "confirmed", "and the other way round"


def test_a_stored_threshold_stands_too() -> None:
    def at_least(threshold: float) -> Expectation:
        return expect_at_least("jwt", "refused", threshold, _MEASURE, formula="some", rule="some")

    assert value_of(_again(_stored(at_least(0.4)), at_least(0.9))) == "confirmed"
    assert value_of(_again(_stored(at_least(0.9)), at_least(0.4))) == "refuted"


def test_a_row_that_this_version_does_not_have_is_inconclusive_and_says_why() -> None:
    gone = expect("jwt", "forgotten", 0.5, _MEASURE)
    again = _again(_stored(_ROW, gone), _ROW)
    assert [judged.verdict.value for judged in again.judgements] == ["confirmed", "inconclusive"]
    assert again.judgements[1].observation is None
    assert again.judgements[1].verdict.reasons == ("this version of authlab does not measure it",)
    assert value_of(again) == "inconclusive"
    assert value_of(_again(_stored(_ROW), also("jwt", "refused", _MEASURE))) == "confirmed", "by its key it is the same"


def test_a_row_that_the_run_did_not_predict_is_observed_and_not_judged() -> None:
    new = expect("jwt", "new", 0.0, _MEASURE)
    again = _again(_stored(), _ROW, new)
    assert {found.quantity for found in again.observations} == {"refused", "new"}
    assert [judged.prediction.quantity for judged in again.judgements] == ["refused"]
    assert value_of(again) == "confirmed"


def test_a_measure_that_crashes_is_inconclusive_with_the_place_and_never_a_pass() -> None:
    def crash(evidence: Evidence, label: str) -> Measured | None:
        raise ZeroDivisionError("nothing there")

    again = _again(_stored(), expect("jwt", "refused", 0.5, crash))
    assert value_of(again) == "inconclusive"
    assert again.verdict is not None
    assert again.verdict.summary == "the judge itself failed"
    assert "ZeroDivisionError: nothing there (test_stored_predictions.py, line" in again.verdict.reasons[0]
    assert again.predictions == (_ROW.prediction,), "what was predicted is kept"


def test_a_row_whose_doubts_crash_is_inconclusive_too() -> None:
    def crash(evidence: Evidence) -> tuple[str, ...]:
        raise KeyError("doubt")

    again = _again(_stored(), replace(_ROW, doubts=crash))
    assert (value_of(again), again.verdict and again.verdict.summary) == ("inconclusive", "the judge itself failed")


def test_doubts_about_an_arm_that_a_row_rests_on_are_doubts_about_the_row() -> None:
    (data,) = _EVIDENCE.plans
    floor = replace(data.arms["none"], doubts=("the machine slept",))
    doubtful = replace(_EVIDENCE, plans=(replace(data, arms={**data.arms, "none": floor}),))
    assert value_of(judge(Made((_ROW,)), _stored(), doubtful)) == "confirmed"
    resting = replace(_ROW, rests_on=("none",))
    again = judge(Made((resting,)), _stored(), doubtful)
    assert value_of(again) == "inconclusive"
    assert "the machine slept" in again.judgements[0].verdict.reasons


def test_rows_of_one_arm_and_quantity_are_told_apart_by_their_stage() -> None:
    rows = [expect("jwt", "refused", value, _MEASURE, stage=stage) for stage, value in (("r1", 0.5), ("r2", 0.9))]
    again = judge(Made(rows), _stored(*rows), _EVIDENCE)
    assert [judged.prediction.stage for judged in again.judgements] == ["r1", "r2"]
    assert [found.stage for found in again.observations] == ["r1"], "there is no second stage"
    assert again.judgements[1].observation is None


def test_what_is_observed_besides_is_kept_once() -> None:
    besides = [Observation("jwt", name, 1.0, None, 1, 1, "share") for name in ("refused", "more")]
    again = judge(Made((_ROW,), besides), _stored(), _EVIDENCE)
    assert [(found.quantity, found.value) for found in again.observations] == [("refused", 0.5), ("more", 1.0)]


def test_judging_twice_gives_the_same() -> None:
    once = _again(_stored(), _ROW)
    assert judge(Made((_ROW,)), once, _EVIDENCE) == once


def test_where_nothing_was_measured_it_says_so_and_keeps_its_predictions() -> None:
    for empty in (Evidence(()), Evidence((replace(_EVIDENCE.plans[0], arms={}),))):
        again = judge(Made(), _stored(), empty)
        assert again.verdict is not None
        assert (again.verdict.value, again.verdict.summary) == ("inconclusive", "nothing was measured")
        assert again.predictions == (_ROW.prediction,)
