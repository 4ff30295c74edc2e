"""Sessions and tokens, each in three implementations: which of the two choices decides the cost?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Final

import numpy as np
import polars as pl

from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.expectation import Expectation, Measured, expect_at_least
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.measures import comparisons, levels, measured, observation, ratio_to, twin_observations
from authlab.experiments.options import Options
from authlab.experiments.planning import FLOOR, against_floors
from authlab.experiments.three_modes import refused
from authlab.experiments.verdicts import RUN_LONGER
from authlab.model.findings import Judgement, Observation, Verdict
from authlab.model.implementations import DESIGNS, IMPLEMENTATIONS
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan
from authlab.model.windows import mode_of
from authlab.stats.contrasts import contrast
from authlab.stats.extremes import largest
from authlab.stats.intervals import Interval

RULE: Final = "design_to_implementation_spread"
SERVED: Final = "requests_per_cpu_s_ratio"
SERVED_BY_WORKERS: Final = "requests_per_worker_cpu_s_ratio"

RATE_SHARE: Final = 0.5
"""Share of the run's rate that its arms get. The dearest implementation costs nearly twice as much as the leanest. At
the whole rate its stack would be saturated where it has one core, and its own queue would be measured."""

_SESSION, _TOKEN = DESIGNS
_MODES: Final = tuple(dict.fromkeys(mode for row in zip(*DESIGNS.values(), strict=True) for mode in row))
_CPU: Final = "cpu_us"
_COLUMNS: Final = {SERVED: _CPU, SERVED_BY_WORKERS: "workers_us"}

Weights = Mapping[str, float]
"""A comparison: the sum of the logarithms of the modes' CPU per request, each with its weight."""


class Implementations(StackExperiment):
    """ "The choice between sessions and tokens decides the cost"."""

    id = "implementations"
    claim = "the choice between sessions and tokens decides the cost"
    summary = "sessions in Redis and tokens, each hand-tuned, as documented and by an extension: CPU per request"
    telling = "implementations"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """All modes in one plan, beside `none` and its twin, at `RATE_SHARE` of the rate."""
        return [against_floors(replace(options, rate_rps=options.rate_rps * RATE_SHARE), _MODES)]

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """No mode refuses a request, and the designs differ by more than the implementations do."""
        arms = [arm for plan in plans for arm in plan.arms]
        workers = arms[0].workers if arms else None
        return [
            *(refused(arm) for arm in arms if mode_of(arm.label) == arm.label),
            expect_at_least(
                DESIGNS[_SESSION][1],
                RULE,
                1.0,
                _rule,
                formula="largest factor between designs / smallest factor between implementations ≥ 1",
                rule="the choice of the design decides if the largest factor between designs of like implementation is "
                "at least the smallest factor between a design's leanest implementation and its extension",
                workers=workers,
                against=DESIGNS[_TOKEN][1],
                rests_on=_MODES,
                remedy=RUN_LONGER,
            ),
        ]

    def observe(self, evidence: Evidence) -> list[Observation]:
        """Requests per CPU second to `none`, designs and implementations compared, and CPU and times of all modes."""
        found: list[Observation] = []
        for data in evidence.plans:
            labels = [label for label in data.arms if mode_of(label) != FLOOR]
            for quantity, label in product(_COLUMNS, labels):
                if (number := _served(evidence, label, quantity)) is not None:
                    found.append(observation(data, label, quantity, number, FLOOR))
            found += levels(data)
            found += comparisons(data, [(label, FLOOR) for label in labels if FLOOR in data.arms])
            found += comparisons(data, [pair for pair in _pairs() if set(pair) <= set(labels)])
            found += twin_observations(data)
        return found

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """The claim's verdict comes from the rule on spreads; the failure shares are reported beside it."""
        rule = next((item for item in judgements if item.prediction.quantity == RULE), None)
        shares = [item for item in judgements if item is not rule]
        met = sum(item.verdict.value == "confirmed" for item in shares)
        beside = f"failure shares as predicted in {met} of {len(shares)} modes"
        if rule is None:
            return Verdict("inconclusive", f"not all six modes were measured; {beside}")
        wrong = [item for item in shares if item.verdict.value != "confirmed"]
        reasons = [text for item in (rule, *wrong) for text in (item.verdict.summary, *item.verdict.reasons)]
        return Verdict(rule.verdict.value, f"{_SUMMARIES[rule.verdict.value]}; {beside}", tuple(dict.fromkeys(reasons)))


_SUMMARIES: Final = {
    "confirmed": "designs of like implementation differ by more than implementations of one design",
    "refuted": "implementations of one design differ by more than designs of like implementation",
    "inconclusive": "the run cannot decide whether designs or implementations differ by more",
}

EXPERIMENT: Final = Implementations()


def designs_apart(place: int) -> Weights:
    """A session's cost in terms of a token's, in the implementation at that place."""
    return {DESIGNS[_SESSION][place]: 1.0, DESIGNS[_TOKEN][place]: -1.0}


def implementations_apart(design: str) -> Weights:
    """The cost of a design's extension in terms of its leanest implementation."""
    return {DESIGNS[design][-1]: 1.0, DESIGNS[design][0]: -1.0}


def differences_of_spreads() -> Iterator[Weights]:
    """Every way in which a difference of designs may exceed one of implementations.

    The claim's statistic is the largest of them: max over implementations of |session − token|, less min over designs
    of (extension − lean), all on a logarithmic scale.
    """
    for place, sign, design in product(range(len(IMPLEMENTATIONS)), (1.0, -1.0), DESIGNS):
        total: dict[str, float] = {}
        for weights, factor in ((designs_apart(place), sign), (implementations_apart(design), -1.0)):
            for mode, weight in weights.items():
                total[mode] = total.get(mode, 0.0) + factor * weight
        yield {mode: weight for mode, weight in total.items() if weight}


def _rule(evidence: Evidence, label: str) -> Measured | None:  # noqa: ARG001 - it is that of all modes together
    for data in evidence.plans:
        ways = list(differences_of_spreads())
        found = largest(partial(_apart, data, ways), len(ways))
        if found is not None:
            return measured(found.map(np.exp), _requests(data), "ratio", _spreads(data))
    return None


def _apart(data: PlanData, ways: Sequence[Weights], number: int, level: float) -> Interval | None:
    return contrast(data.table, _CPU, ways[number], data.starts(_CPU), level)


def _spreads(data: PlanData) -> str:
    """The factors themselves, in words."""
    ways = [*map(designs_apart, range(len(IMPLEMENTATIONS))), *map(implementations_apart, DESIGNS)]
    found = [_factor(contrast(data.table, _CPU, way, data.starts(_CPU))) for way in ways]
    said = [f"{name} {factor}" for name, factor in zip((*IMPLEMENTATIONS, *DESIGNS), found, strict=True)]
    places = len(IMPLEMENTATIONS)
    return f"session / token: {', '.join(said[:places])}; extension / lean: {', '.join(said[places:])}"


def _factor(found: Interval | None) -> str:
    return "not measured" if found is None else f"{np.exp(found.value):.2f}"


def _served(evidence: Evidence, label: str, quantity: str) -> Measured | None:
    """Requests per CPU second as a share of those of `none`: the inverse of the ratio of CPU per request."""
    ratio = ratio_to(FLOOR, _COLUMNS[quantity])(evidence, label)
    if ratio is None or not ratio.value:
        return None
    ends = None if ratio.interval is None else (1 / ratio.interval[1], 1 / ratio.interval[0])
    return replace(ratio, value=1 / ratio.value, interval=ends)


def _pairs() -> Iterator[tuple[str, str]]:
    """Sessions to tokens of like implementation, and the other implementations of each design to the documented one."""
    yield from zip(DESIGNS[_SESSION], DESIGNS[_TOKEN], strict=True)
    for lean, documented, extension in DESIGNS.values():
        yield lean, documented
        yield extension, documented
        yield extension, lean


def _requests(data: PlanData) -> int:
    return int(data.table.filter(pl.col("label").is_in(_MODES))["requests"].sum())
