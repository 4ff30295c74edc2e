"""Measures of interleaved arms: failure shares, latency and CPU per request, and their ratios between arms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.expectation import Measure, Measured
from authlab.experiments.planning import FLOOR
from authlab.model.findings import Observation
from authlab.model.windows import AGAIN
from authlab.stats.equivalence import AAResult, judge_aa
from authlab.stats.intervals import (
    LEVEL,
    TRIM,
    Interval,
    block_interval,
    difference_interval,
    ratio_interval,
    share_interval,
)
from authlab.stats.pairing import paired

QUANTITIES: Final = {"p50_ms": "ms", "cpu_us": "us"}
"""Per-block quantities that are compared between modes, with their units. Tails have a module of their own."""

AA_MARGIN: Final = {"p50_ms": 0.10, "cpu_us": 0.05}
"""How far the A/A pair's interval may reach from 1. Beyond it, the run's ratios of that quantity are in doubt."""

REFUSED: Final = "auth_failure_share"
FAILED: Final = "failure_share"
_FAILURES: Final = {REFUSED: "auth_failures", FAILED: "failures"}

Effect = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], Interval]


def failure_share(quantity: str) -> Measure:
    """Share of an arm's requests after a successful log-in that were refused (`REFUSED`) or failed (`FAILED`)."""

    def measure(evidence: Evidence, label: str) -> Measured | None:
        rows = _rows_of(evidence.plans[0], label) if evidence.plans else pl.DataFrame()
        requests = rows["requests"].to_numpy() if rows.width else np.empty(0)
        if not requests.sum():
            return None
        interval = share_interval(rows[_FAILURES[quantity]].to_numpy(), requests)
        return measured(interval, int(requests.sum()), "share")

    return measure


def ratio_to(against: str, quantity: str) -> Measure:
    """Ratio of an arm's per-block `quantity` (a key of `QUANTITIES`) to that of the arm `against`, paired by block."""

    def measure(evidence: Evidence, label: str) -> Measured | None:
        if not evidence.plans:
            return None
        return _effect(evidence.plans[0], label, against, quantity, ratio_interval, "ratio")

    return measure


def difference_to(against: str, quantity: str) -> Measure:
    """Difference of an arm's per-block `quantity` (a key of `QUANTITIES`) to that of `against`, paired by block."""

    def measure(evidence: Evidence, label: str) -> Measured | None:
        if not evidence.plans:
            return None
        return _effect(evidence.plans[0], label, against, quantity, difference_interval, QUANTITIES[quantity])

    return measure


def contrast(data: PlanData, quantity: str, weights: Mapping[str, float], level: float = LEVEL) -> Interval | None:
    """The weighted sum of the logarithms of several arms' per-block `quantity`, over blocks in which all have one.

    The weights add up to 0, so that what the arms of a block share drops out. None with fewer than two such blocks.
    """
    rows = data.table.filter(pl.col("label").is_in(list(weights)) & (pl.col(quantity) > 0))
    wide = rows.pivot("label", index="block", values=quantity).sort("block")
    if not set(weights) <= set(wide.columns):
        return None
    whole = wide.drop_nulls(list(weights))
    if whole.height < 2:
        return None
    values = np.log(whole.select(weights).to_numpy()) @ np.array(list(weights.values()))
    return block_interval(values, level, TRIM)


def levels(data: PlanData) -> list[Observation]:
    """Each arm's median response time and its CPU per request over the blocks, in their own units."""
    found = []
    for label in data.arms:
        rows = _rows_of(data, label)
        for quantity, unit in QUANTITIES.items():
            values = _finite(rows[quantity])
            if values.size >= 2:
                number = measured(block_interval(values), int(rows["requests"].sum()), unit)
                found.append(observation(data, label, quantity, number))
    return found


def comparisons(data: PlanData, pairs: Sequence[tuple[str, str]]) -> list[Observation]:
    """Ratios (`p50_ms_ratio`) and differences (`p50_ms_difference`) of each pair (arm, against), paired by block."""
    found = []
    for label, against in pairs:
        for quantity, unit in QUANTITIES.items():
            effects: tuple[tuple[str, Effect, str], ...] = (
                ("ratio", ratio_interval, "ratio"),
                ("difference", difference_interval, unit),
            )
            for suffix, effect, its_unit in effects:
                number = _effect(data, label, against, quantity, effect, its_unit)
                if number is not None:
                    found.append(observation(data, label, f"{quantity}_{suffix}", number, against))
    return found


def aa_results(data: PlanData) -> dict[str, AAResult]:
    """The result of the A/A pair for each quantity; empty if no mode was measured twice."""
    found = {}
    for quantity, margin in AA_MARGIN.items():
        top, bottom, _ = paired(data.table, quantity, FLOOR + AGAIN, FLOOR)
        if top.size >= 2:
            found[quantity] = judge_aa(ratio_interval(top, bottom), margin)
    return found


def aa_observations(data: PlanData) -> list[Observation]:
    """The A/A pair as observations: the ratio, and the smallest effect that the run can detect."""
    twins = data.table.filter(pl.col("label").is_in([FLOOR, FLOOR + AGAIN]))
    requests = int(twins["requests"].sum())
    found = []
    for quantity, result in aa_results(data).items():
        ratio = measured(result.ratio, requests, "ratio", "A/A pair")
        passed = f"A/A pair within its margin of {result.margin:g}: {'yes' if result.passed else 'no'}"
        smallest = Measured(result.smallest_effect, None, result.ratio.blocks, requests, "ratio", passed)
        found.append(observation(data, FLOOR + AGAIN, f"{quantity}_ratio", ratio, FLOOR))
        found.append(observation(data, FLOOR + AGAIN, f"{quantity}_smallest_effect", smallest, FLOOR))
    return found


def measured(interval: Interval, samples: int, unit: str, note: str = "") -> Measured:
    """An interval over blocks as a measured quantity. Its note holds the interval's own warnings."""
    notes = [note] if note else []
    if interval.merged > 1:
        notes.append(f"{interval.merged} neighbouring blocks merged")
    if interval.autocorrelated:
        notes.append("neighbouring blocks are still correlated: the interval may be too narrow")
    ends = None if math.isnan(interval.low) else (interval.low, interval.high)
    return Measured(interval.value, ends, interval.measured, samples, unit, "; ".join(notes))


def observation(
    data: PlanData, label: str, quantity: str, number: Measured, against: str | None = None, stage: str = ""
) -> Observation:
    """A measured quantity of one of the plan's arms, or of its twin."""
    numbers = (number.value, number.interval, number.blocks, number.samples, number.unit)
    return Observation(label, quantity, *numbers, data.plan.arm(label).workers, against, number.note, stage)


def _effect(data: PlanData, label: str, against: str, quantity: str, effect: Effect, unit: str) -> Measured | None:
    top, bottom, requests = paired(data.table, quantity, label, against)
    return measured(effect(top, bottom), requests, unit) if top.size >= 2 else None


def _rows_of(data: PlanData, label: str) -> pl.DataFrame:
    """The arm's rows of the block table, including those of its twin."""
    return data.table.filter(pl.col("label").is_in([label, label + AGAIN]))


def _finite(values: pl.Series) -> npt.NDArray[np.float64]:
    array: npt.NDArray[np.float64] = values.drop_nulls().to_numpy()
    return array[np.isfinite(array)]
