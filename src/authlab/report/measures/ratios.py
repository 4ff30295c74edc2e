"""Each mode against `none`: ratios paired by block, and what the A/A pair says could be seen at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from authlab.model.windows import AGAIN
from authlab.report.estimates import Estimate, Labelled, estimate, ratio_over_blocks
from authlab.report.tables import Tables
from authlab.stats.equivalence import smallest_effect
from authlab.stats.pairing import base_labels, paired
from authlab.stats.tails import Base

BASE: Final = "none"
TWIN: Final = BASE + AGAIN


@dataclass(frozen=True)
class Quantity:
    """A quantity whose ratio to `none` is shown: `column` of the block table, or, without one, percentile `TAIL`."""

    id: str
    title: str
    column: str = ""


TAIL: Final = 99.0
QUANTITIES: Final = (
    Quantity("p50", "Median response time", column="p50_ms"),
    Quantity("p99", "99th percentile of response time"),
    Quantity("cpu", "CPU per request", column="cpu_us"),
)


@dataclass(frozen=True)
class Section:
    """One quantity: `rows` are ratios to the mode `against`; `smallest_effect` (relative) is that of the A/A pair."""

    quantity: str
    title: str
    rows: tuple[Labelled, ...]
    smallest_effect: float | None
    against: str = BASE


def ratios_of(tables: Tables, seed: int) -> tuple[Section, ...]:
    """A section per quantity that was measured; none where `none` was not."""
    if BASE not in tables.labels:
        return ()
    rng = np.random.default_rng(seed)
    bases = {twin: _base(tables, TWIN if twin else "") for twin in (True, False)}
    found = []
    for quantity in QUANTITIES:
        ratios = [
            (label, _ratio(tables, quantity, label, bases[label == TWIN], rng))
            for label in tables.labels
            if label != BASE
        ]
        rows = tuple(Labelled(**vars(ratio), label=label) for label, ratio in ratios if ratio.value is not None)
        if rows:
            found.append(Section(quantity.id, quantity.title, rows, _smallest_effect(rows)))
    return tuple(found)


def without(sections: Sequence[Section], labels: Collection[str]) -> tuple[Section, ...]:
    """The sections without the rows of those labels; none if the mode that all are compared with is one of them."""
    kept = [replace(one, rows=tuple(row for row in one.rows if row.label not in labels)) for one in sections]
    return tuple(one for one in kept if one.rows and one.against not in labels)


def _base(tables: Tables, label: str) -> Base | None:
    """What a label's tail is compared with, pooled once for all labels that are compared with the same."""
    held = tables.answered
    floor = [held[name] for name in base_labels(tables.labels, label, BASE) if name in held]
    return Base(pl.concat(floor), TAIL) if floor else None


def _ratio(tables: Tables, quantity: Quantity, label: str, base: Base | None, rng: np.random.Generator) -> Estimate:
    if quantity.column:
        return ratio_over_blocks(*paired(tables.blocks, quantity.column, label, BASE)[:2])
    rows = tables.answered.get(label)
    effect = base.against(rows, rng) if base and rows is not None else None
    return estimate(effect.ratio if effect else None)


def _smallest_effect(rows: Sequence[Labelled]) -> float | None:
    """The farther end of the A/A interval from 1, as a relative effect; None without an A/A interval."""
    twin = next((row for row in rows if row.label == TWIN), None)
    if twin is None or not twin.low or not twin.high:
        return None
    return smallest_effect(twin.low, twin.high)
