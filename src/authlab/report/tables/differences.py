"""Each mode held against `none`: ratios paired by block, and what the A/A pair says could be seen at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from authlab.model.windows import AGAIN, mode_of
from authlab.report.estimates import estimate, ratio_over_blocks
from authlab.report.setups import Setup
from authlab.stats.equivalence import smallest_effect
from authlab.stats.pairing import base_labels, paired
from authlab.stats.tails import tail_effect

BASE = "none"
TWIN = BASE + AGAIN


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
        top, base, _ = paired(setup.blocks, quantity.column, label, BASE)
        return ratio_over_blocks(top, base)
    held = setup.answered
    floor = [held[name] for name in base_labels(setup.labels, label, BASE) if name in held]
    effect = tail_effect(held[label], pl.concat(floor), quantity.tail or 99.0, rng) if label in held and floor else None
    return estimate(effect.ratio if effect else None)


def _smallest_effect(rows: list[dict[str, Any]]) -> float | None:
    """The farther end of the A/A interval from 1, as a relative effect; None without an A/A interval."""
    twin = next((row for row in rows if row["label"] == TWIN), None)
    if twin is None or not twin["low"] or not twin["high"]:
        return None
    return smallest_effect(twin["low"], twin["high"])
