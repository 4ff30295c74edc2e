"""CPU time per request by part of the stack, with the interval of the total."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from authlab.report.estimates import Estimate, Labelled, estimate, mean_over_blocks
from authlab.report.tables import Tables
from authlab.stats.pairing import level_of


@dataclass(frozen=True, kw_only=True)
class Cost(Labelled):
    """CPU microseconds per request of the whole stack, as an estimate, and of its parts."""

    proxy: float | None
    workers: float | None
    store: float | None


def costs_of(tables: Tables) -> tuple[Cost, ...]:
    """One per label whose CPU was counted."""
    rows = []
    for label in tables.labels:
        total = level(tables, label, "cpu_us")
        if total.value is not None:
            proxy, workers, store = (
                mean_over_blocks(tables.column(label, f"{part}_us")).value for part in ("proxy", "workers", "store")
            )
            rows.append(Cost(**vars(total), label=label, proxy=proxy, workers=workers, store=store))
    return tuple(rows)


def level(tables: Tables, label: str, quantity: str) -> Estimate:
    """The mean of a quantity over a label's blocks, with an interval that knows about starts if the run had rounds."""
    interval = level_of(tables.blocks.filter(pl.col("label") == label), quantity, tables.starts(quantity))
    return mean_over_blocks(tables.column(label, quantity)) if interval is None else estimate(interval)
