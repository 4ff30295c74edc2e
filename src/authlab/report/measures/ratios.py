"""Each mode against `none`: ratios paired by block. The A/A twin is one of the rows, where no difference should be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from authlab.model.windows import AGAIN
from authlab.report.estimates import Estimate, Labelled, estimate
from authlab.report.tables import Tables
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
    """One quantity: `rows` are ratios to the mode `against`.

    `starts` is the standard deviation between starts, as a share of the value. It is None if the run had one round, and
    the intervals don't know about starts.
    """

    quantity: str
    title: str
    rows: tuple[Labelled, ...]
    starts: float | None = None
    against: str = BASE

    @property
    def twin(self) -> Labelled | None:
        """The A/A pair."""
        return next((row for row in self.rows if row.label == TWIN), None)

    @property
    def twins_agree(self) -> bool | None:
        """Whether the interval of the A/A pair contains 1; None without one."""
        found = self.twin
        if found is None or found.low is None or found.high is None:
            return None
        return found.low <= 1 <= found.high


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
            starts = tables.starts(quantity.column) if quantity.column else None
            found.append(Section(quantity.id, quantity.title, rows, starts.spread if starts else None))
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
        pair = paired(tables.blocks, quantity.column, label, BASE)
        if pair.top.size < 2:
            return estimate(None, float(pair.top[0] / pair.base[0]) if pair.top.size else None)
        return estimate(pair.ratio(tables.starts(quantity.column)))
    rows = tables.answered.get(label)
    effect = base.against(rows, rng) if base and rows is not None else None
    if effect is None:
        return estimate(None)
    bases = len(base_labels(tables.labels, label, BASE))
    return estimate(effect.with_starts(tables.tail_starts(TAIL), max(1, tables.rounds), bases).ratio)
