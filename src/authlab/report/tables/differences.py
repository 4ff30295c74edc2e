"""Each mode held against `none`: ratios paired by block, and what the A/A pair says could be seen at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from authlab.report.estimates import estimate, finite, ratio_over_blocks
from authlab.report.setups import Setup, mode_of
from authlab.report.tails import tail_ratio

BASE = "none"
TWIN = "none-again"


@dataclass(frozen=True)
class Quantity:
    """A quantity whose ratio to `none` is shown; `column` of the block table, or a pooled percentile `tail`."""

    id: str
    title: str
    column: str | None = None
    tail: float | None = None


QUANTITIES = (
    Quantity("p50", "Median response time", column="p50_ms"),
    Quantity("p99", "99th percentile of response time", tail=99.0),
    Quantity("cpu", "CPU per request", column="cpu_us"),
)


def difference_section(setup: Setup, seed: int) -> list[dict[str, Any]]:
    """Per quantity: `rows` (ratio of each label to `none`) and `smallest_effect` (relative), from the A/A pair."""
    if BASE not in setup.labels:
        return []
    rng = np.random.default_rng(seed)
    found = []
    for quantity in QUANTITIES:
        rows = [
            {"label": label, "mode": mode_of(label), **_ratio(setup, quantity, label, rng)}
            for label in setup.labels
            if label != BASE
        ]
        rows = [row for row in rows if row["value"] is not None]
        if rows:
            found.append(
                {
                    "quantity": quantity.id,
                    "title": quantity.title,
                    "against": BASE,
                    "rows": rows,
                    "smallest_effect": _smallest_effect(rows),
                }
            )
    return found


def _ratio(setup: Setup, quantity: Quantity, label: str, rng: np.random.Generator) -> dict[str, Any]:
    base = _base_labels(setup, label)
    if quantity.column is not None:
        return ratio_over_blocks(setup.column(label, quantity.column), _floor(setup, quantity.column, base))
    held = setup.answered
    floor = [held[name] for name in base if name in held]
    ratio = tail_ratio(held[label], pl.concat(floor), quantity.tail or 99.0, rng) if label in held and floor else None
    if ratio is None:
        return estimate(None)
    value, low, high, blocks = ratio
    return {**estimate(None), "value": finite(value), "low": finite(low), "high": finite(high), "blocks": blocks}


def _base_labels(setup: Setup, label: str) -> list[str]:
    """What a label is held against: both slices of `none` where it was measured twice, the first for the twin."""
    return [BASE, TWIN] if TWIN in setup.labels and label != TWIN else [BASE]


def _floor(setup: Setup, column: str, labels: list[str]) -> dict[int, float]:
    """Per block, the geometric mean over `labels`; blocks that lack one of them are left out."""
    columns = [setup.column(label, column) for label in labels]
    shared = set.intersection(*(set(values) for values in columns))
    return {
        block: math.exp(sum(math.log(values[block]) for values in columns) / len(columns))
        for block in sorted(shared)
        if all(values[block] > 0 for values in columns)
    }


def _smallest_effect(rows: list[dict[str, Any]]) -> float | None:
    """The farther end of the A/A interval from 1, as a relative effect; None without an A/A interval."""
    twin = next((row for row in rows if row["label"] == TWIN), None)
    if twin is None or not twin["low"] or not twin["high"]:
        return None
    return float(max(twin["high"], 1 / twin["low"]) - 1)
