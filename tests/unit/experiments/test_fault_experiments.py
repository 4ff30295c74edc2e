"""What every fault experiment keeps to: plans that can be carried out, predictions of arms, judges that never fall."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from authlab.experiments.catalogue import CHOSEN_FAULTS, FAULT_EXPERIMENTS
from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.experiment import Experiment, StackExperiment
from authlab.experiments.judging import judge
from authlab.experiments.options import Options
from authlab.faults.base import fits
from authlab.faults.catalogue import FAULTS
from authlab.faults.spec import problems_of
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult
from authlab.model.modes import MODES
from authlab.model.plan import Arm, SideBySide
from tests.unit.experiments.made_faults import (
    FACTS,
    Diary,
    always_good,
    data_of,
    judged,
    judged_by,
    live,
    plans_of,
    predicted,
    value_of,
)

_CHOSEN = (PlannedFault("crash-worker", 2.0), PlannedFault("redis-stall", 3.0, 1.0), PlannedFault("swap-key", 4.0))
_EXPERIMENTS = [*FAULT_EXPERIMENTS.values(), CHOSEN_FAULTS]
_OPTIONS = Options(faults=_CHOSEN)

every_experiment = pytest.mark.parametrize("experiment", _EXPERIMENTS, ids=lambda experiment: experiment.id)


def _events(arm: Arm, end_s: float | None) -> list[FaultEvent]:
    """The faults of an arm as they would happen; none of them is seen to end without `end_s`."""
    origin = 1_000_000_000_000
    return [
        FaultEvent(
            fault.kind,
            fault.target or "worker-2",
            origin + round(fault.at_s * 1e9),
            None if end_s is None else origin + round((fault.at_s + end_s) * 1e9),
            "seen",
        )
        for fault in arm.faults
    ]


def test_there_are_twelve_of_them_and_that_of_the_user() -> None:
    assert len(FAULT_EXPERIMENTS) == 12
    assert all(isinstance(experiment, StackExperiment) for experiment in _EXPERIMENTS)
    assert all(plan.side_by_side for experiment in _EXPERIMENTS for plan in plans_of(experiment, _OPTIONS))
    assert CHOSEN_FAULTS.id not in FAULT_EXPERIMENTS, "it has no name on the command line"


def _made(experiment: Experiment, diary: Diary, end_s: float | None, missing: str = "") -> list[PlanData]:
    """The data where every arm but `missing` went as `diary` says, and met its faults."""
    return [
        data_of(plan, {arm.label: (diary, _events(arm, end_s)) for arm in plan.arms if arm.label != missing})
        for plan in plans_of(experiment, _OPTIONS)
    ]


def _result(experiment: Experiment, data: list[PlanData]) -> ExperimentResult:
    return judged_by(experiment, plans_of(experiment, _OPTIONS), data)


@every_experiment
def test_its_plans_can_be_carried_out(experiment: Experiment) -> None:
    plans = plans_of(experiment, _OPTIONS)
    assert plans
    assert len({plan.stage for plan in plans}) == len(plans)
    for plan in plans:
        assert len(set(plan.labels)) == len(plan.labels)
        assert plan.arms
        assert isinstance(plan.exercise, SideBySide)
        duration_s = plan.exercise.duration_s
        for arm in plan.arms:
            for fault in arm.faults:
                assert problems_of(fault) == [], arm.label
                assert fits(FAULTS[fault.kind], arm.mode), f"{fault.kind} of {arm.label}"
                assert fault.at_s + (fault.for_s or 0.0) < duration_s
                assert arm.linked or not FAULTS[fault.kind].needs_link
            for one, other in pairwise(arm.faults):
                assert one.at_s <= other.at_s
            assert sum(seconds for seconds, _ in arm.phases or ((duration_s, 0.0),)) == duration_s
            assert all(name.startswith("AUTHLAB_") and text for name, text in arm.settings.items())
            assert not arm.addresses or arm.mode.routing == "ip-hash"
            assert arm.mode.routing != "ip-hash" or arm.addresses, "else all users would come from one address"


@every_experiment
def test_every_prediction_is_of_an_arm_and_made_once(experiment: Experiment) -> None:
    labels = {label for plan in plans_of(experiment, _OPTIONS) for label in plan.labels}
    predictions = predicted(experiment, _OPTIONS)
    assert predictions
    assert {prediction.mode for prediction in predictions} <= labels
    keys = [(prediction.mode, prediction.quantity) for prediction in predictions]
    assert len(set(keys)) == len(keys)
    assert all(prediction.formula for prediction in predictions)
    assert all(prediction.rule or prediction.value is not None for prediction in predictions)


@every_experiment
@pytest.mark.parametrize("name", MODES)
def test_mode_filters_arms_and_predictions_alike(experiment: Experiment, name: str) -> None:
    faults = tuple(fault for fault in _CHOSEN if fits(FAULTS[fault.kind], MODES[name]))
    options = replace(_OPTIONS, modes=(MODES[name],), faults=faults)
    plans = plans_of(experiment, options)
    assert {arm.mode.name for plan in plans for arm in plan.arms} <= {name, "none"}
    labels = {label for plan in plans for label in plan.labels}
    assert {prediction.mode for prediction in predicted(experiment, options)} <= labels
    whole = {arm.label for plan in plans_of(experiment, _OPTIONS) for arm in plan.arms if arm.mode.name == name}
    if experiment.id != CHOSEN_FAULTS.id:
        assert whole <= labels, "every arm of the mode stays"


@pytest.mark.parametrize("name", [name for name in FAULT_EXPERIMENTS if name != "storm-metastable"])
def test_repetitions_are_the_same_plan_with_seeds_of_their_own(name: str) -> None:
    plans = plans_of(name, Options(repeat=3, seed=40))
    assert [plan.stage for plan in plans] == ["r1", "r2", "r3"]
    assert [plan.seed for plan in plans] == [40, 41, 42]
    assert len({plan.labels for plan in plans}) == 1


@every_experiment
def test_the_load_is_that_of_the_user(experiment: Experiment) -> None:
    usual = [arm for plan in plans_of(experiment, _OPTIONS) for arm in plan.arms]
    chosen = plans_of(experiment, replace(_OPTIONS, workers=5, users=80, rate_rps=600.0))
    for before, arm in zip(usual, (arm for plan in chosen for arm in plan.arms), strict=True):
        own = before.workers != _OPTIONS.workers
        assert arm.workers == (before.workers if own else 5), "what the claim needs is not the user's to choose"
        own = before.users != _OPTIONS.users
        assert arm.users == (before.users if own else 80)
        assert arm.rate_rps == pytest.approx(200.0), "arms stand side by side, and share the machine"


def test_what_a_claim_needs_of_its_arms_is_not_the_users_to_choose() -> None:
    workers = {
        (name, arm.label): arm.workers
        for name in FAULT_EXPERIMENTS
        for plan in plans_of(name, Options(workers=5))
        for arm in plan.arms
        if arm.workers != 5
    }
    assert workers == {
        ("key-rotation", "jwt-rolling"): 4,
        ("prefork-trap", "sticky"): 2,
        ("prefork-trap", "sticky-2-processes"): 2,
        ("prefork-trap", "sticky-4-processes"): 2,
    }
    users = {
        (name, arm.users)
        for name in FAULT_EXPERIMENTS
        for plan in plans_of(name, Options(users=80))
        for arm in plan.arms
        if arm.users != 80
    }
    assert users == {("new-servers-lack-state", 120), ("clock-skew", 200), ("storm-metastable", 40)}


@every_experiment
def test_nothing_is_confirmed_where_nothing_is_predicted(experiment: Experiment) -> None:
    plan = plans_of(experiment, _OPTIONS)[0]
    arms = {label: (live(always_good, users=3, seconds=5), ()) for label in plan.labels}
    stored = ExperimentResult(experiment.id, experiment.claim, (), plans=(plan,))
    result = judge(experiment, stored, Evidence((data_of(plan, arms),), FACTS))
    assert value_of(result) == "inconclusive"
    assert result.verdict is not None
    assert "--mode" in result.verdict.reasons[0]


@every_experiment
def test_without_any_data_it_is_inconclusive(experiment: Experiment) -> None:
    assert value_of(_result(experiment, [])) == "inconclusive"
    bare = [PlanData(plan, {}) for plan in plans_of(experiment, _OPTIONS)]
    assert value_of(_result(experiment, bare)) == "inconclusive"


@every_experiment
@pytest.mark.parametrize("end_s", [1.0, None])
def test_arms_without_a_single_request_are_inconclusive(experiment: Experiment, end_s: float | None) -> None:
    assert value_of(_result(experiment, _made(experiment, Diary(), end_s))) == "inconclusive"


@every_experiment
def test_only_log_ins_are_inconclusive(experiment: Experiment) -> None:
    diary = live(always_good, seconds=0)
    assert value_of(_result(experiment, _made(experiment, diary, 1.0))) == "inconclusive"


@every_experiment
@pytest.mark.parametrize("end_s", [1.0, None])
def test_a_missing_arm_is_never_confirmed_and_never_a_crash(experiment: Experiment, end_s: float | None) -> None:
    diary = live(always_good, users=20, seconds=20, every_s=1.0)
    for missing in {prediction.mode for prediction in predicted(experiment, _OPTIONS)}:
        result = _result(experiment, _made(experiment, diary, end_s, missing))
        assert value_of(result) != "confirmed"
        assert result.verdict is not None
        assert "failed" not in result.verdict.summary
        of_missing = [j.verdict for j in result.judgements if j.prediction.mode == missing]
        assert of_missing or result.verdict.summary == "nothing was measured", "it was the only arm"
        assert all(verdict.value == "inconclusive" for verdict in of_missing)
        assert all("was not measured" in verdict.summary for verdict in of_missing)


@every_experiment
def test_faults_that_never_began_are_inconclusive_where_faults_were_planned(experiment: Experiment) -> None:
    plans = plans_of(experiment, _OPTIONS)
    harmed = {arm.label for plan in plans for arm in plan.arms if arm.faults}
    diary = live(always_good, users=20, seconds=20, every_s=1.0)
    arms = {label: (diary, ()) for plan in plans for label in plan.labels}
    doubts = dict.fromkeys(harmed, ("1 of 1 faults never began: the run was cut short",))
    result = judged(experiment, arms, _OPTIONS, doubts)
    assert all(j.verdict.value == "inconclusive" for j in result.judgements if j.prediction.mode in harmed)
    assert result.judgements, "the judge did not fail"


@every_experiment
def test_doubts_make_every_number_inconclusive_and_are_told(experiment: Experiment) -> None:
    diary = live(always_good, users=30, seconds=20, every_s=0.5)
    data = _made(experiment, diary, 1.0)
    doubtful = [
        replace(one, arms={label: replace(arm, doubts=("the machine slept",)) for label, arm in one.arms.items()})
        for one in data
    ]
    result = _result(experiment, doubtful)
    assert {judgement.verdict.value for judgement in result.judgements} == {"inconclusive"}
    assert value_of(result) == "inconclusive"
    assert result.verdict is not None
    assert "the machine slept" in result.verdict.reasons


@every_experiment
def test_a_run_whose_lab_was_killed_is_judged_by_what_is_on_disk(experiment: Experiment) -> None:
    first, *later = _made(experiment, live(always_good, users=30, seconds=20, every_s=0.5), 1.0)
    cut_off, whole = _result(experiment, [first]), _result(experiment, [first, *later])
    assert cut_off.predictions == predicted(experiment, _OPTIONS)
    assert [j.prediction for j in cut_off.judgements] == list(cut_off.predictions)
    assert {o.blocks for o in cut_off.observations} <= {1}, "one repetition is there"
    of_both = {(o.mode, o.quantity) for o in whole.observations if o.mode in first.arms}
    assert {(o.mode, o.quantity) for o in cut_off.observations} == of_both, "and all that can be measured of it"
    assert judge(experiment, cut_off, Evidence((first,), FACTS)) == cut_off, "judging again gives the same"


@every_experiment
def test_it_says_what_it_is(experiment: Experiment) -> None:
    assert experiment.id == experiment.id.lower()
    assert experiment.claim
    assert experiment.summary
    assert experiment.__doc__
