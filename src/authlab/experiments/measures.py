"""Measures of interleaved arms: failure shares, latency and CPU per request, and their ratios between arms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from authlab.checkers.guards import only_worker
from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.expectation import Measure, Measured
from authlab.experiments.planning import FLOOR
from authlab.model.findings import Observation
from authlab.model.windows import AGAIN
from authlab.stats.intervals import Interval, share_interval
from authlab.stats.pairing import Paired, level_of, paired
from authlab.stats.starts import Starts

QUANTITIES: Final = {"p50_ms": "ms", "cpu_us": "us"}
"""Per-block quantities that are compared between modes, with their units. Tails have a module of their own."""

REFUSED: Final = "auth_failure_share"
FAILED: Final = "failure_share"
_FAILURES: Final = {REFUSED: "auth_failures", FAILED: "failures"}

Effect = Callable[[Paired, Starts | None], Interval]

DISAGREE: Final = "the A/A pair differs by more than its interval allows: do not rely on small differences of this run"
"""What is said if the same measured twice came out as different. By chance this happens in one of 20 runs."""


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
        return _effect(evidence.plans[0], label, against, quantity, Paired.ratio, "ratio")

    return measure


def difference_to(against: str, quantity: str) -> Measure:
    """Difference of an arm's per-block `quantity` (a key of `QUANTITIES`) to that of `against`, paired by block."""

    def measure(evidence: Evidence, label: str) -> Measured | None:
        if not evidence.plans:
            return None
        return _effect(evidence.plans[0], label, against, quantity, Paired.difference, QUANTITIES[quantity])

    return measure


def levels(data: PlanData) -> list[Observation]:
    """Each arm's median response time and its CPU per request over the blocks, in their own units."""
    found = []
    for label in data.arms:
        rows = _rows_of(data, label)
        for quantity, unit in QUANTITIES.items():
            interval = level_of(rows, quantity, data.starts(quantity))
            if interval is not None:
                number = measured(interval, int(rows["requests"].sum()), unit)
                found.append(observation(data, label, quantity, number))
    return found


def comparable(data: PlanData) -> list[str]:
    """The arms that can be compared: those whose load reached more than one of their workers."""
    return [label for label, arm in data.arms.items() if not only_worker(arm.samples, arm.arm.workers)]


def comparisons(data: PlanData, pairs: Sequence[tuple[str, str]]) -> list[Observation]:
    """Ratios (`p50_ms_ratio`) and differences (`p50_ms_difference`) of each pair (arm, against), paired by block."""
    found = []
    for label, against in pairs:
        for quantity, unit in QUANTITIES.items():
            effects: tuple[tuple[str, Effect, str], ...] = (
                ("ratio", Paired.ratio, "ratio"),
                ("difference", Paired.difference, unit),
            )
            for suffix, effect, its_unit in effects:
                number = _effect(data, label, against, quantity, effect, its_unit)
                if number is not None:
                    found.append(observation(data, label, f"{quantity}_{suffix}", number, against))
    return found


def twin_observations(data: PlanData) -> list[Observation]:
    """The check of the A/A pair: the ratio of the second stack of `none` to the first, for each quantity.

    Two of a kind should not differ, so the interval should contain 1. The note says whether it does. Verdicts don't
    depend on it, because each interval already contains what it shows.
    """
    twin = FLOOR + AGAIN
    requests = int(data.table.filter(pl.col("label").is_in([FLOOR, twin]))["requests"].sum())
    found = []
    for quantity in QUANTITIES:
        number = _effect(data, twin, FLOOR, quantity, Paired.ratio, "ratio")
        if number is not None:
            found.append(
                observation(data, twin, f"{quantity}_ratio", replace(as_twin(number), samples=requests), FLOOR)
            )
    return found


def as_twin(number: Measured) -> Measured:
    """The ratio of an A/A pair, with the result of the check in its note."""
    low, high = number.interval or (0.0, math.inf)
    said = "A/A pair: the interval contains 1" if low <= 1 <= high else DISAGREE
    return replace(number, note="; ".join(filter(None, (said, number.note))))


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
    pair = paired(data.table, quantity, label, against)
    return measured(effect(pair, data.starts(quantity)), pair.requests, unit) if pair.top.size >= 2 else None


def _rows_of(data: PlanData, label: str) -> pl.DataFrame:
    """The arm's rows of the block table, including those of its second slices."""
    own = [label] if label + AGAIN in data.arms else [label, label + AGAIN]
    return data.table.filter(pl.col("label").is_in(own))
