"""Experiments judge hand-made data as they must: true claims, false ones, and data that can't tell."""

from dataclasses import replace
from itertools import pairwise

import pytest

from authlab.experiments.catalogue import EXPERIMENTS, chosen
from authlab.experiments.options import Options
from authlab.experiments.planning import blocks_within
from authlab.experiments.round_robin import RoundRobinBreaksMemory
from authlab.experiments.three_modes import ThreeModes
from authlab.experiments.verdicts import judge_at_least, judge_value
from authlab.load.slices import length_s, slices_of
from authlab.model.errors import UnknownName
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.model.plan import Interleaved, Plan
from tests.unit.experiments.made_data import made_plan
from tests.unit.experiments.made_faults import judged_by, plans_of, value_of

_FAILING = {"none": 0.0, "memory": 2 / 3, "sticky": 0.0, "redis": 0.0, "jwt": 0.0}
_CPU = {"none": 500.0, "memory": 510.0, "sticky": 515.0, "redis": 640.0, "jwt": 550.0}


def _judged(cpu: dict[str, float], failing: dict[str, float] = _FAILING, **how: float) -> ExperimentResult:
    experiment = ThreeModes()
    return judged_by(experiment, plans_of(experiment), [made_plan(failing, cpu, **how)])  # type: ignore[arg-type]


def test_much_better_is_refuted_when_sessions_cost_little_more_than_tokens() -> None:
    result = _judged(_CPU)
    assert result.verdict is not None
    assert result.verdict.value == "refuted"
    assert "failure shares as predicted in 5 of 5 modes" in result.verdict.summary


def test_much_better_is_confirmed_when_every_session_costs_twice_a_token() -> None:
    result = _judged({**_CPU, "sticky": 1200.0, "redis": 1300.0})
    assert result.verdict is not None
    assert result.verdict.value == "confirmed"


def test_an_interval_across_the_threshold_is_inconclusive() -> None:
    result = _judged({**_CPU, "sticky": 825.0, "redis": 825.0}, noise=0.04)
    assert result.verdict is not None
    assert result.verdict.value == "inconclusive"


def test_a_restless_machine_has_wide_intervals_and_its_verdict_follows_from_them_alone() -> None:
    wide = _judged(_CPU, noise=0.2)
    assert value_of(wide) == "refuted", "1.2 [1.1, 1.35] is decisive against 1.5, whatever the controls did"
    assert value_of(_judged({**_CPU, "sticky": 825.0, "redis": 825.0}, noise=0.2)) == "inconclusive"


def _twin_of(result: ExperimentResult) -> Observation:
    return next(o for o in result.observations if o.mode == "none-again" and o.quantity == "cpu_us_ratio")


def test_a_pair_of_controls_that_disagrees_is_a_caution_and_no_gate() -> None:
    data = made_plan({**_FAILING, "none-again": 0.0}, {**_CPU, "none-again": 600.0})
    apart = judged_by(ThreeModes(), plans_of(ThreeModes()), [data])
    assert value_of(apart) == "refuted"
    assert "differs by more than its interval allows" in _twin_of(apart).note
    assert "the interval contains 1" in _twin_of(_judged(_CPU)).note


def test_starts_that_differ_make_every_interval_of_a_run_with_rounds_wider() -> None:
    failing, cpu = {**_FAILING, "none-again": 0.0}, {**_CPU, "none-again": 500.0}
    plans = plans_of(ThreeModes())
    alike, unlike, one = (
        judged_by(ThreeModes(), plans, [made_plan(failing, cpu, rounds=rounds, starts=starts)])
        for rounds, starts in ((3, 0.0), (3, 0.05), (1, 0.0))
    )
    widths = [
        {(o.mode, o.quantity, o.against): o.interval[1] - o.interval[0] for o in result.observations if o.interval}
        for result in (alike, unlike, one)
    ]
    costs = [key for key in widths[0] if key[1].startswith("cpu_us")]
    assert {quantity for _, quantity, _ in costs} == {"cpu_us", "cpu_us_ratio", "cpu_us_difference"}
    for key in costs:
        assert widths[1][key] > 2 * widths[0][key], key
        assert widths[1][key] > 2 * widths[2][key], key


def test_a_run_that_was_cut_off_in_its_second_round_is_judged_by_what_it_has() -> None:
    failing, cpu = {**_FAILING, "none-again": 0.0}, {**_CPU, "none-again": 500.0}
    plans = plans_of(ThreeModes())
    for blocks in (8, 9, 14):
        found = judged_by(ThreeModes(), plans, [made_plan(failing, cpu, blocks=24, rounds=3, measured=blocks)])
        ratio = next(
            o for o in found.observations if (o.mode, o.quantity, o.against) == ("redis", "cpu_us_ratio", "none")
        )
        assert ratio.interval is not None
        assert ratio.blocks == blocks
        assert ratio.value == pytest.approx(640 / 500, rel=0.03)


def test_ratios_recover_what_was_put_in() -> None:
    found = {(o.mode, o.quantity, o.against): o for o in _judged(_CPU).observations}
    for mode in ("sticky", "redis", "jwt"):
        ratio = found[mode, "cpu_us_ratio", "none"]
        assert ratio.interval is not None
        assert ratio.interval[0] < _CPU[mode] / _CPU["none"] < ratio.interval[1]
        assert ratio.blocks == 24
    gap = found["redis", "cpu_us_difference", "none"]
    assert gap.value == pytest.approx(140, abs=10)
    assert found["none-again", "cpu_us_ratio", "none"].value == pytest.approx(1, abs=0.03)
    assert found["none", "cpu_us", None].value == pytest.approx(500, rel=0.03)


def test_a_failure_share_off_its_formula_is_refuted_beside_the_claim() -> None:
    result = _judged(_CPU, {**_FAILING, "sticky": 0.2})
    verdicts = {j.prediction.mode: j.verdict.value for j in result.judgements if j.prediction.value is not None}
    assert verdicts == {
        "none": "confirmed",
        "memory": "confirmed",
        "sticky": "refuted",
        "redis": "confirmed",
        "jwt": "confirmed",
    }


def test_an_invalid_trial_is_never_a_headline() -> None:
    data = made_plan(_FAILING, _CPU)
    jwt = replace(data.arms["jwt"], doubts=("the load generator used 93% of its core",))
    experiment = ThreeModes()
    result = judged_by(experiment, plans_of(experiment), [replace(data, arms={**data.arms, "jwt": jwt})])
    assert result.verdict is not None
    assert result.verdict.value == "inconclusive"


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.66, 0.675), "confirmed"),
        ((0.64, 0.66), "inconclusive"),
        ((0.5, 0.6), "refuted"),
        ((0.1, 0.9), "inconclusive"),
    ],
)
def test_a_value_is_judged_by_its_whole_interval(interval: tuple[float, float], verdict: str) -> None:
    prediction = Prediction("memory", "auth_failure_share", "(N-1)/N", 2 / 3)
    seen = Observation("memory", "auth_failure_share", sum(interval) / 2, interval, 26, 7800, "share")
    assert judge_value(prediction, seen).verdict.value == verdict
    assert judge_value(prediction, seen, ["a doubt"]).verdict.value == "inconclusive"
    assert judge_value(prediction, None).verdict.value == "inconclusive"


def test_at_least_is_judged_by_the_whole_interval() -> None:
    prediction = Prediction("redis", "cpu_us_ratio", "≥ 1.5", None, against="jwt")
    for interval, verdict in (((1.6, 1.7), "confirmed"), ((1.4, 1.6), "inconclusive"), ((1.1, 1.2), "refuted")):
        seen = Observation("redis", "cpu_us_ratio", 1.5, interval, 26, 7800, "ratio", against="jwt")
        assert judge_at_least(prediction, seen, 1.5).verdict.value == verdict


def test_round_robin_is_judged_at_every_number_of_workers() -> None:
    experiment = RoundRobinBreaksMemory()
    data = []
    for workers in (1, 2, 4, 8):
        shares = {"memory": (workers - 1) / workers, "sticky": 0.0, "redis": 0.0, "jwt": 0.0}
        costs = dict.fromkeys(shares, 500.0)
        data.append(made_plan(shares, costs, workers=workers, labels=tuple(shares), stage=f"n{workers}"))
    plans = plans_of(experiment)
    assert value_of(judged_by(experiment, plans, data)) == "confirmed"
    assert value_of(judged_by(experiment, plans, data[:3])) == "inconclusive", "N = 8 is missing"


def _interleaved(plan: Plan) -> Interleaved:
    assert isinstance(plan.exercise, Interleaved)
    return plan.exercise


def test_every_block_takes_each_label_once_in_an_order_of_its_own() -> None:
    (plan,) = plans_of("three-modes", Options(budget_s=175))
    exercise = _interleaved(plan)
    slices = slices_of(plan, exercise)
    orders = {tuple(s.label for s in slices if s.block == block) for block in range(exercise.blocks)}
    assert all(sorted(order) == sorted(plan.labels) for order in orders)
    assert len(orders) > exercise.blocks / 2
    assert slices == slices_of(plan, exercise), "the same seed gives the same order"
    assert [s.start_s for s in slices] == sorted(s.start_s for s in slices)
    assert all(a.end_s <= b.start_s for a, b in pairwise(slices))


def test_all_slices_of_a_block_share_one_schedule_and_blocks_do_not() -> None:
    (plan,) = plans_of("three-modes")
    exercise = _interleaved(plan)
    slices = slices_of(plan, exercise)
    seeds = {block: {s.seed for s in slices if s.block == block} for block in range(exercise.blocks)}
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set.union(*seeds.values())) == exercise.blocks


def test_a_later_step_goes_on_where_the_one_before_it_ended_with_orders_and_schedules_of_its_own() -> None:
    (plan,) = plans_of("three-modes", Options(blocks=20))
    exercise = _interleaved(plan)
    first = slices_of(plan, exercise)
    second = slices_of(plan, exercise, first)
    assert [s.index for s in (*first, *second)] == list(range(2 * 20 * len(plan.labels)))
    assert {s.block for s in second} == set(range(20, 40))
    assert second[0].start_s == 0.0, "times count from the step's own start"
    assert {s.seed for s in first}.isdisjoint(s.seed for s in second)
    assert [s.label for s in first] != [s.label for s in second]
    assert slices_of(plan, exercise, first) == second, "the same seed gives the same order"


def test_the_default_plan_has_enough_blocks_and_fits_into_three_minutes() -> None:
    (plan,) = plans_of("three-modes", Options(budget_s=175))
    exercise = _interleaved(plan)
    assert exercise.blocks >= 20
    assert exercise.rounds == 3
    assert 0.8 * 175 <= length_s(exercise, plan) <= 175, "four fifths of the time are measuring"
    assert blocks_within(1, 6, 1.0, 0.02) == 4


def test_a_quick_run_and_one_of_few_blocks_have_one_round() -> None:
    for options in (Options(budget_s=42, quick=True), Options(blocks=11)):
        (plan,) = plans_of("three-modes", options)
        assert _interleaved(plan).rounds == 1
    (plan,) = plans_of("three-modes", Options(blocks=13))
    assert plan.rounds == (5, 4, 4)
    assert plan.round_ends == (5, 9, 13)


def test_names_and_groups_choose_experiments_and_a_typo_is_corrected() -> None:
    assert [e.id for e in chosen(())] == ["three-modes"]
    assert [e.id for e in chosen(("all",))] == list(EXPERIMENTS)
    assert len(chosen(("three-modes", "all"))) == len(EXPERIMENTS)
    with pytest.raises(UnknownName, match="did you mean 'three-modes'"):
        chosen(("tree-modes",))


def test_the_time_that_is_asked_for_is_shared_by_the_numbers_of_workers() -> None:
    plans = plans_of("round-robin-breaks-memory", Options(asked_s=600))
    assert [{arm.workers for arm in plan.arms} for plan in plans] == [{1}, {2}, {4}, {8}]
    assert 450 <= sum(length_s(_interleaved(plan), plan) for plan in plans) <= 600
