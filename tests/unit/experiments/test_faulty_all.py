"""What every fault experiment keeps to: stages that can be carried out, predictions of arms, judges that never fall."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from authlab.experiments.base import Options
from authlab.experiments.catalogue import FAULT_EXPERIMENTS
from authlab.experiments.faulted import FaultData, FaultExperiment, FaultStage
from authlab.experiments.faulty.chosen import ChosenFaults
from authlab.faults.base import fits
from authlab.faults.catalogue import FAULTS
from authlab.faults.spec import problems_of
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.modes import MODES
from tests.unit.experiments.made_faults import Diary, always_good, data_of, judged, live, value_of

_CHOSEN = (PlannedFault("crash-worker", 2.0), PlannedFault("redis-stall", 3.0, 1.0), PlannedFault("swap-key", 4.0))
_EXPERIMENTS = [*FAULT_EXPERIMENTS.values(), ChosenFaults()]
_OPTIONS = Options(faults=_CHOSEN)

every_experiment = pytest.mark.parametrize("experiment", _EXPERIMENTS, ids=lambda experiment: experiment.id)


def _events(stage: FaultStage, label: str, end_s: float | None) -> list[FaultEvent]:
    """The faults of an arm as they would happen; none of them is seen to end without `end_s`."""
    arm = next(arm for arm in stage.arms if arm.label == label)
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
    assert all(isinstance(experiment, FaultExperiment) for experiment in _EXPERIMENTS)
    assert ChosenFaults.id not in FAULT_EXPERIMENTS, "it has no name on the command line"


@every_experiment
def test_its_stages_can_be_carried_out(experiment: FaultExperiment) -> None:
    stages = experiment.fault_stages(_OPTIONS)
    assert stages
    assert len({stage.key for stage in stages}) == len(stages)
    for stage in stages:
        assert len(set(stage.labels)) == len(stage.labels)
        assert stage.arms
        for arm in stage.arms:
            mode = stage.mode(arm)
            for fault in arm.faults:
                assert problems_of(fault) == [], arm.label
                assert fits(FAULTS[fault.kind], mode), f"{fault.kind} of {arm.label}"
                assert fault.at_s + (fault.for_s or 0.0) < stage.duration_s
                assert arm.linked or not FAULTS[fault.kind].needs_link
            for one, other in pairwise(arm.faults):
                assert one.at_s <= other.at_s
            assert sum(seconds for seconds, _ in arm.phases or ((stage.duration_s, 0.0),)) == stage.duration_s
            assert all(name.startswith("AUTHLAB_") and text for name, text in arm.settings.items())
            assert not arm.addresses or mode.routing == "ip-hash"
            assert mode.routing != "ip-hash" or arm.addresses, "else all users would come from one address"


@every_experiment
def test_every_prediction_is_of_an_arm_and_made_once(experiment: FaultExperiment) -> None:
    labels = {label for stage in experiment.fault_stages(_OPTIONS) for label in stage.labels}
    predictions = experiment.predictions(_OPTIONS)
    assert predictions
    assert {prediction.mode for prediction in predictions} <= labels
    keys = [(prediction.mode, prediction.quantity) for prediction in predictions]
    assert len(set(keys)) == len(keys)
    assert all(prediction.formula for prediction in predictions)
    assert all(prediction.rule or prediction.value is not None for prediction in predictions)


@every_experiment
@pytest.mark.parametrize("name", MODES)
def test_mode_filters_arms_and_predictions_alike(experiment: FaultExperiment, name: str) -> None:
    faults = tuple(fault for fault in _CHOSEN if fits(FAULTS[fault.kind], MODES[name]))
    options = replace(_OPTIONS, modes=(name,), faults=faults)
    stages = experiment.fault_stages(options)
    assert {arm.mode for stage in stages for arm in stage.arms} <= {name, "none"}
    labels = {label for stage in stages for label in stage.labels}
    assert {prediction.mode for prediction in experiment.predictions(options)} <= labels
    whole = {arm.label for stage in experiment.fault_stages(_OPTIONS) for arm in stage.arms if arm.mode == name}
    if experiment.id != ChosenFaults.id:
        assert whole <= labels, "every arm of the mode stays"


@pytest.mark.parametrize("name", [name for name in FAULT_EXPERIMENTS if name != "storm-metastable"])
def test_repetitions_are_the_same_stage_with_seeds_of_their_own(name: str) -> None:
    stages = FAULT_EXPERIMENTS[name].fault_stages(Options(repeat=3, seed=40))  # type: ignore[attr-defined]
    assert [stage.key for stage in stages] == ["r1", "r2", "r3"]
    assert [stage.seed for stage in stages] == [40, 41, 42]
    assert len({stage.labels for stage in stages}) == 1


@every_experiment
def test_the_load_is_that_of_the_user(experiment: FaultExperiment) -> None:
    for stage in experiment.fault_stages(replace(_OPTIONS, workers=5, users=80, rate_rps=600.0)):
        assert (stage.workers, stage.users) == (5, 80)
        assert stage.rate_rps == pytest.approx(200.0), "arms stand side by side, and share the machine"


@every_experiment
def test_nothing_is_confirmed_where_nothing_is_predicted(experiment: FaultExperiment) -> None:
    stage = replace(experiment.fault_stages(_OPTIONS)[0])
    arms = {label: (live(always_good, users=3, seconds=5), ()) for label in stage.labels}
    result = experiment.judge_faults([], [data_of(stage, arms)])
    assert value_of(result) == "inconclusive"
    assert result.verdict is not None
    assert "--mode" in result.verdict.reasons[0]


@every_experiment
def test_without_any_data_it_is_inconclusive(experiment: FaultExperiment) -> None:
    predictions = experiment.predictions(_OPTIONS)
    assert value_of(experiment.judge_faults(predictions, [])) == "inconclusive"
    bare = [FaultData(stage, {}, {}, {}, {}) for stage in experiment.fault_stages(_OPTIONS)]
    assert value_of(experiment.judge_faults(predictions, bare)) == "inconclusive"


@every_experiment
@pytest.mark.parametrize("end_s", [1.0, None])
def test_arms_without_a_single_request_are_inconclusive(experiment: FaultExperiment, end_s: float | None) -> None:
    data = [
        data_of(stage, {label: (Diary(), _events(stage, label, end_s)) for label in stage.labels})
        for stage in experiment.fault_stages(_OPTIONS)
    ]
    assert value_of(experiment.judge_faults(experiment.predictions(_OPTIONS), data)) == "inconclusive"


@every_experiment
def test_only_log_ins_are_inconclusive(experiment: FaultExperiment) -> None:
    diary = live(always_good, seconds=0)
    data = [
        data_of(stage, {label: (diary, _events(stage, label, 1.0)) for label in stage.labels})
        for stage in experiment.fault_stages(_OPTIONS)
    ]
    assert value_of(experiment.judge_faults(experiment.predictions(_OPTIONS), data)) == "inconclusive"


@every_experiment
@pytest.mark.parametrize("end_s", [1.0, None])
def test_a_missing_arm_is_never_confirmed_and_never_a_crash(experiment: FaultExperiment, end_s: float | None) -> None:
    diary = live(always_good, users=20, seconds=20, every_s=1.0)
    for missing in {prediction.mode for prediction in experiment.predictions(_OPTIONS)}:
        data = [
            data_of(stage, {x: (diary, _events(stage, x, end_s)) for x in stage.labels if x != missing})
            for stage in experiment.fault_stages(_OPTIONS)
        ]
        result = experiment.judge_faults(experiment.predictions(_OPTIONS), data)
        assert value_of(result) != "confirmed"
        of_missing = [j.verdict for j in result.judgements if j.prediction.mode == missing]
        assert all(verdict.value == "inconclusive" for verdict in of_missing)
        assert all("was not measured" in verdict.summary for verdict in of_missing)


@every_experiment
def test_faults_that_never_began_are_inconclusive_where_faults_were_planned(experiment: FaultExperiment) -> None:
    harmed = {arm.label for stage in experiment.fault_stages(_OPTIONS) for arm in stage.arms if arm.faults}
    diary = live(always_good, users=20, seconds=20, every_s=1.0)
    arms = {label: (diary, ()) for stage in experiment.fault_stages(_OPTIONS) for label in stage.labels}
    doubts = dict.fromkeys(harmed, ("1 of 1 faults never began: the run was cut short",))
    result = judged(experiment, arms, _OPTIONS, doubts)
    assert all(j.verdict.value == "inconclusive" for j in result.judgements if j.prediction.mode in harmed)


@every_experiment
def test_doubts_make_every_number_inconclusive_and_are_told(experiment: FaultExperiment) -> None:
    diary = live(always_good, users=30, seconds=20, every_s=0.5)
    stages = experiment.fault_stages(_OPTIONS)
    doubts = {label: ("the machine slept",) for stage in stages for label in stage.labels}
    data = [
        data_of(stage, {label: (diary, _events(stage, label, 1.0)) for label in stage.labels}, doubts)
        for stage in stages
    ]
    result = experiment.judge_faults(experiment.predictions(_OPTIONS), data)
    assert {judgement.verdict.value for judgement in result.judgements} == {"inconclusive"}
    assert value_of(result) == "inconclusive"
    assert result.verdict is not None
    assert "the machine slept" in result.verdict.reasons


@every_experiment
def test_a_run_whose_lab_was_killed_is_inconclusive(experiment: FaultExperiment) -> None:
    assert experiment.stages(_OPTIONS) == []
    result = experiment.judge(experiment.predictions(_OPTIONS), [])
    assert value_of(result) == "inconclusive"
    assert result.predictions


@every_experiment
def test_it_says_what_it_is(experiment: FaultExperiment) -> None:
    assert experiment.id == experiment.id.lower()
    assert experiment.claim
    assert experiment.summary
    assert experiment.__doc__
