"""CPU time per request by part of the stack, with the interval of the total."""

from __future__ import annotations

from dataclasses import dataclass

from authlab.report.estimates import Labelled, mean_over_blocks
from authlab.report.tables import Tables


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
        total = mean_over_blocks(tables.column(label, "cpu_us"))
        if total.value is not None:
            proxy, workers, store = (
                mean_over_blocks(tables.column(label, f"{part}_us")).value for part in ("proxy", "workers", "store")
            )
            rows.append(Cost(**vars(total), label=label, proxy=proxy, workers=workers, store=store))
    return tuple(rows)
