"""Designs against implementations: planted costs that must refute, confirm, or decide nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest

from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.implementations import (
    EXPERIMENT,
    RULE,
    SERVED,
    SERVED_BY_WORKERS,
    differences_of_spreads,
)
from authlab.experiments.judging import judge, planned
from authlab.experiments.options import Options
from authlab.model.findings import ExperimentResult, Observation
from authlab.model.implementations import DESIGNS, IMPLEMENTATIONS, LIBRARIES
from authlab.model.modes import MODES
from authlab.model.plan import Plan
from authlab.model.run import Trial
from authlab.report.figures.implementations import implementations_of, implementations_title
from authlab.report.setups import Experiment
from tests.unit.experiments.made_data import made_data_of
from tests.unit.experiments.made_faults import FACTS, plans_of

Costs = tuple[float, float, float, float, float, float]
"""CPU per request of the lean, documented and extended session, and of the tokens likewise."""

REFUTING: Costs = (610.0, 670.0, 940.0, 550.0, 750.0, 1020.0)
"""Of `none`, with 500: requests per CPU second of 0.82, 0.75, 0.53 and 0.91, 0.67, 0.49."""

CONFIRMING: Costs = (1000.0, 1010.0, 1020.0, 600.0, 610.0, 620.0)
BALANCED: Costs = (600.0, 650.0, 750.0, 480.0, 520.0, 600.0)
"""A session costs 1.25 tokens, and either extension 1.25 times the lean one."""


def _plan(modes: tuple[str, ...] = ()) -> Plan:
    (plan,) = plans_of(EXPERIMENT, Options(blocks=12, modes=tuple(MODES[name] for name in modes)))
    return plan


@cache
def _judged(
    costs: Costs, noise: float = 0.02, starts: float = 0.002, doubts: tuple[str, ...] = (), without: str = ""
) -> ExperimentResult:
    modes = [mode for row in DESIGNS.values() for mode in row]
    plan = _plan(tuple(mode for mode in modes if mode != without)) if without else _plan()
    cpu = {"none": 500.0, "none-again": 500.0, **dict(zip(modes, costs, strict=True))}
    data = made_data_of(plan, {label: cpu[label] for label in plan.labels}, noise=noise, starts=starts)
    arms = {label: ArmData(arm.arm, arm.frames, doubts) for label, arm in data.arms.items()}
    return judge(EXPERIMENT, planned(EXPERIMENT, [plan]), Evidence((replace(data, arms=arms),), FACTS))


def _rule(result: ExperimentResult) -> Observation:
    return next(item for item in result.observations if item.quantity == RULE)


def test_it_stands_in_the_catalogue_and_measures_every_design_in_every_implementation() -> None:
    assert EXPERIMENTS["implementations"] is EXPERIMENT
    plan = _plan()
    assert set(plan.labels) == {"none", "none-again", *(mode for row in DESIGNS.values() for mode in row)}
    assert all(len(row) == len(IMPLEMENTATIONS) == 3 for row in DESIGNS.values())
    assert set(LIBRARIES) == set(plan.labels) - {"none", "none-again"} <= set(MODES)


@pytest.mark.parametrize(("costs", "value"), [(REFUTING, "refuted"), (CONFIRMING, "confirmed")])
def test_the_larger_spread_decides(costs: Costs, value: str) -> None:
    result = _judged(costs)
    assert result.verdict is not None
    assert result.verdict.value == value, result.verdict
    assert "failure shares as predicted in 7 of 7 modes" in result.verdict.summary


def test_the_statistic_is_the_largest_factor_of_designs_by_the_smallest_of_implementations() -> None:
    designs = [max(a / b, b / a) for a, b in zip(REFUTING[:3], REFUTING[3:], strict=True)]
    kinds = [REFUTING[2] / REFUTING[0], REFUTING[5] / REFUTING[3]]
    seen = _rule(_judged(REFUTING))
    assert seen.value == pytest.approx(max(designs) / min(kinds), rel=0.05)
    assert seen.interval is not None
    assert seen.interval[0] < seen.value < seen.interval[1]
    assert "session / token: lean 1.1" in seen.note
    assert "extension / lean: session in Redis 1.5" in seen.note


def test_a_token_that_costs_more_counts_as_a_session_that_does() -> None:
    mirrored: Costs = (*CONFIRMING[3:], *CONFIRMING[:3])
    result = _judged(mirrored)
    assert result.verdict is not None
    assert result.verdict.value == "confirmed"


@pytest.mark.parametrize(
    ("costs", "noise", "starts"), [(BALANCED, 0.02, 0.002), (REFUTING, 0.9, 0.0), (REFUTING, 0.02, 0.3)]
)
def test_equal_spreads_or_restless_blocks_or_starts_decide_nothing(costs: Costs, noise: float, starts: float) -> None:
    result = _judged(costs, noise, starts)
    assert result.verdict is not None
    assert result.verdict.value == "inconclusive"


def test_a_mode_that_is_missing_or_in_doubt_leaves_the_claim_undecided_and_says_so() -> None:
    missing, busy = _judged(REFUTING, without="flask-session"), _judged(REFUTING, doubts=("the machine was busy",))
    assert missing.verdict is not None
    assert busy.verdict is not None
    assert (missing.verdict.value, busy.verdict.value) == ("inconclusive", "inconclusive")
    assert "not all six modes were measured" in missing.verdict.summary
    assert "the machine was busy" in busy.verdict.reasons


def test_each_way_of_the_rule_compares_two_differences_and_none_is_left_out() -> None:
    ways = list(differences_of_spreads())
    assert len(ways) == 3 * 2 * 2
    assert all(math.isclose(sum(way.values()), 0.0) for way in ways)
    logs = dict(zip([mode for row in DESIGNS.values() for mode in row], map(math.log, REFUTING), strict=True))
    largest = max(sum(weight * logs[mode] for mode, weight in way.items()) for way in ways)
    designs = [abs(logs[a] - logs[b]) for a, b in zip(*DESIGNS.values(), strict=True)]
    kinds = [logs[row[2]] - logs[row[0]] for row in DESIGNS.values()]
    assert largest == pytest.approx(max(designs) - min(kinds))


def test_requests_per_cpu_second_are_the_inverse_of_cpu_per_request() -> None:
    observed = _judged(REFUTING).observations
    seen = {(item.mode, item.quantity): item for item in observed if item.against == "none"}
    for mode, cost in zip((mode for row in DESIGNS.values() for mode in row), REFUTING, strict=True):
        served, cpu = seen[mode, SERVED], seen[mode, "cpu_us_ratio"]
        assert served.value == pytest.approx(500 / cost, rel=0.05)
        assert served.value is not None
        assert cpu.value == pytest.approx(1 / served.value)
        assert served.interval is not None
        assert cpu.interval == pytest.approx((1 / served.interval[1], 1 / served.interval[0]))
        assert (mode, SERVED_BY_WORKERS) in seen


def test_the_figure_has_a_row_per_mode_with_the_versions_and_the_tokens_length_it_rests_on() -> None:
    versions = {"redis-py": "8.1.0", "redis": "Valkey 8.1.8", "pyjwt": "2.15.1"}
    trials = (Trial("06-jwt", "implementations", "main", "jwt", 3, summary={"token_bytes": 371}),)
    found = implementations_of(Experiment(_judged(REFUTING), trials, (), versions))
    assert {row.label: row.token_bytes for row in found if row.token_bytes} == {"jwt": 371}
    assert [row.label for row in found] == [mode for row in DESIGNS.values() for mode in row]
    assert [row.implementation for row in found] == list(IMPLEMENTATIONS) * 2
    library = {row.label: row.library for row in found}
    assert library["redis"] == "redis-py 8.1.0", "the client's version, not the store's"
    assert library["jwt"] == "pyjwt 2.15.1"
    assert implementations_title(found).startswith("Requests per CPU second to `none`: session in Redis 0.52")
    assert implementations_of(Experiment(ExperimentResult("three-modes", "", ()), (), ())) == []
