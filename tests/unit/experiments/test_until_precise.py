"""`--until`: steps of blocks until the widest leading comparison is precise, or the time is over; never under 21."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from authlab.experiments.catalogue import RULES
from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.judging import judge, planned
from authlab.experiments.options import Options, Precision
from authlab.experiments.planning import OVERHEAD_S, RESTART_S
from authlab.experiments.procedures import Decision
from authlab.experiments.three_modes import EXPERIMENT
from authlab.experiments.until_precise import LEAST_BLOCKS, until_precise
from authlab.model.errors import UsageProblem
from authlab.model.modes import MODES
from authlab.model.plan import Interleaved, Plan, Procedure, Step
from tests.unit.experiments.made_data import made_plan
from tests.unit.experiments.made_faults import FACTS, plans_of

_FAILING = {"none": 0.0, "memory": 2 / 3, "sticky": 0.0, "redis": 0.0, "jwt": 0.0}
_CPU = {"none": 500.0, "memory": 510.0, "sticky": 515.0, "redis": 640.0, "jwt": 550.0}


def _plan(half_width: float = 0.02, modes: Sequence[str] = (), quantity: str = "cpu_us", **more: float) -> Plan:
    chosen = Options(until=Precision(quantity, half_width), budget_s=600.0, modes=tuple(MODES[m] for m in modes))
    (plan,) = plans_of(EXPERIMENT, replace(chosen, **more))  # type: ignore[arg-type]
    return plan


def _procedure(plan: Plan, *done: int) -> Procedure:
    """The plan's procedure after steps of so many blocks."""
    assert isinstance(plan.exercise, Procedure)
    exercises = [Interleaved(blocks, 0.25, 0.03, 0.02) for blocks in done]
    return msgspec.structs.replace(plan.exercise, steps=tuple(Step(exercise) for exercise in exercises))


def _data(plan: Plan, blocks: int, noise: float) -> PlanData:
    return replace(made_plan(_FAILING, _CPU, blocks=blocks, noise=noise), plan=plan)


def _decided(blocks: int, noise: float, elapsed_s: float = 60.0, half_width: float = 0.02) -> Decision:
    """What the rule says after so many blocks of a machine that is so restless."""
    plan = _plan(half_width)
    return until_precise(_procedure(plan, blocks), _data(plan, blocks, noise), elapsed_s)


def _next_blocks(decision: Decision) -> int:
    assert isinstance(decision.exercise, Interleaved)
    return decision.exercise.blocks


def test_the_rule_is_stored_before_anything_runs_with_all_that_it_needs() -> None:
    plan = _plan(0.03)
    assert isinstance(plan.exercise, Procedure)
    assert (plan.exercise.steps, plan.exercise.ended) == ((), "")
    assert RULES[plan.exercise.rule] is until_precise
    assert plan.exercise.numbers["half_width"] == 0.03
    assert plan.exercise.words == {"quantity": "cpu_us", "pairs": "sticky/jwt redis/jwt"}
    assert plan.exercise.most_s == 600.0 - OVERHEAD_S
    again = msgspec.convert(msgspec.to_builtins(plan), Plan)
    assert again == plan


def test_the_first_step_is_three_rounds_and_each_further_step_is_one() -> None:
    plan = _plan()
    decision = until_precise(_procedure(plan), PlanData(plan, {}), 0.0)
    assert decision == Decision(exercise=Interleaved(LEAST_BLOCKS, 0.25, 0.03, 0.02, 3))
    first, further = Step(Interleaved(21, 0.25, 0.03, 0.02, 3)), Step(Interleaved(12, 0.25, 0.03, 0.02))
    assert isinstance(plan.exercise, Procedure)
    done = replace(plan, exercise=msgspec.structs.replace(plan.exercise, steps=(first, further)))
    assert done.rounds == (7, 7, 7, 12)
    old = replace(plan, exercise=msgspec.structs.replace(plan.exercise, steps=(further, further), fresh=False))
    assert old.rounds == (24,), "a run stored before there were rounds started everything once"


def test_it_goes_on_while_an_interval_is_too_wide() -> None:
    decision = _decided(20, noise=0.1)
    width = decision.found["half_width"]
    assert width is not None
    assert 0.02 < width < 0.09
    assert decision.found["blocks"] == 20.0
    assert decision.ended == ""
    assert width > 0.02
    assert _next_blocks(decision) == 30, "at most one round's: no number of blocks makes up for too few starts"
    decision = _decided(20, noise=0.1, half_width=width / 1.4)
    assert _next_blocks(decision) == round(20 * 1.4**2 - 20), "as many as the square root promises"


def test_no_step_is_shorter_than_ten_blocks_nor_longer_than_the_time_allows() -> None:
    width = _decided(20, noise=0.05).found["half_width"]
    assert width is not None
    assert _next_blocks(_decided(20, noise=0.05, half_width=width * 0.99)) == 10
    plan = _plan()
    assert isinstance(plan.exercise, Procedure)
    left_s = 25 * plan.exercise.numbers["block_s"]
    decision = _decided(20, noise=0.5, elapsed_s=plan.exercise.most_s - RESTART_S - left_s - 0.01)
    assert _next_blocks(decision) == 25


def test_it_ends_when_the_widest_pair_is_precise_enough_and_says_so() -> None:
    decision = _decided(24, noise=0.005)
    assert decision.exercise is None
    assert decision.ended.startswith("precise enough: after 24 blocks the widest half-width of CPU per request, sticky")
    assert decision.ended.endswith("2.00% was requested")
    width = decision.found["half_width"]
    assert width is not None
    assert width <= 0.02
    assert decision.found["blocks"] == 24.0


def test_one_pair_that_is_precise_is_not_enough() -> None:
    plan = _plan()
    quiet, restless = (_data(plan, 24, noise) for noise in (0.005, 0.3))
    mixed = PlanData(plan, {**quiet.arms, "redis": restless.arms["redis"]})
    decision = until_precise(_procedure(plan, 24), mixed, 60.0)
    assert decision.exercise is not None
    width = decision.found["half_width"]
    assert width is not None
    assert width > 0.02


def test_it_ends_when_the_time_is_over_and_says_which() -> None:
    decision = _decided(24, noise=0.3, elapsed_s=580.0)
    assert decision.exercise is None
    assert decision.ended.startswith("the time was over: after 24 blocks the widest half-width of CPU per request")
    assert "2.00% was requested" in decision.ended


def test_it_never_ends_before_its_first_rounds_even_if_the_time_is_over() -> None:
    plan = _plan()
    for elapsed_s in (0.0, 1e6):
        decision = until_precise(_procedure(plan), PlanData(plan, {}), elapsed_s)
        assert (_next_blocks(decision), decision.ended) == (LEAST_BLOCKS, "")


def test_what_can_not_be_measured_is_told_and_not_taken_for_precise() -> None:
    plan = _plan()
    whole = _data(plan, 24, 0.005)
    without = PlanData(plan, {label: arm for label, arm in whole.arms.items() if label != "redis"})
    going_on = until_precise(_procedure(plan, 24), without, 60.0)
    assert (going_on.found["half_width"], _next_blocks(going_on)) == (None, 10)
    over = until_precise(_procedure(plan, 24), without, 580.0)
    assert over.ended.startswith("the time was over")
    assert "could not be measured" in over.ended


@pytest.mark.parametrize(
    ("modes", "pairs"),
    [
        (("redis", "jwt"), "redis/jwt"),
        (("redis", "memory"), "redis/none memory/none"),
        (("jwt", "none"), "jwt/none"),
    ],
)
def test_the_leading_pairs_are_sessions_to_tokens_or_else_all_to_none(modes: tuple[str, ...], pairs: str) -> None:
    plan = _plan(modes=modes)
    assert isinstance(plan.exercise, Procedure)
    assert plan.exercise.words["pairs"] == pairs


def test_it_can_wait_for_the_median_too() -> None:
    plan = _plan(0.5, quantity="p50_ms")
    decision = until_precise(_procedure(plan, 24), _data(plan, 24, 0.01), 60.0)
    assert decision.ended.startswith("precise enough: after 24 blocks the widest half-width of median response time")


def test_there_must_be_something_to_compare_and_time_for_the_first_rounds() -> None:
    with pytest.raises(UsageProblem, match="only `none` was chosen"):
        _plan(modes=("none",))
    with pytest.raises(UsageProblem, match=r"at least 21 blocks, which takes 66 s here: give at least --for 66s"):
        _plan(budget_s=65.0)
    assert _plan(budget_s=67.0)


def test_its_blocks_are_judged_like_any_others() -> None:
    plan = _plan()
    data = _data(plan, 24, 0.02)
    stored = planned(EXPERIMENT, [plan])
    usual = planned(EXPERIMENT, plans_of(EXPERIMENT))
    found = judge(EXPERIMENT, stored, Evidence((data,), FACTS))
    plain = judge(EXPERIMENT, usual, Evidence((made_plan(_FAILING, _CPU, blocks=24, noise=0.02),), FACTS))
    assert found.verdict == plain.verdict
    assert found.observations == plain.observations
