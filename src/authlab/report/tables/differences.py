"""Each mode held against `none`: ratios paired by block, and what the A/A pair says could be seen at all."""

from __future__ import annotations

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
    if quantity.column is not None:
        return ratio_over_blocks(setup.column(label, quantity.column), setup.column(BASE, quantity.column))
    answered = setup.measured.filter((pl.col("outcome") != "network") & (pl.col("response_ms") > 0))
    pair = [answered.filter(pl.col("label") == name) for name in (label, BASE)]
    ratio = tail_ratio(pair[0], pair[1], quantity.tail or 99.0, rng)
    if ratio is None:
        return estimate(None)
    value, low, high, blocks = ratio
    return {**estimate(None), "value": finite(value), "low": finite(low), "high": finite(high), "blocks": blocks}


def _smallest_effect(rows: list[dict[str, Any]]) -> float | None:
    """The farther end of the A/A interval from 1, as a relative effect; None without an A/A interval."""
    twin = next((row for row in rows if row["label"] == TWIN), None)
    if twin is None or not twin["low"] or not twin["high"]:
        return None
    return float(max(twin["high"], 1 / twin["low"]) - 1)
