"""A trial in a few numbers."""

from __future__ import annotations

from typing import Any

from authlab.checkers.guards import generator_share, lag_p99_ms, unserved_share
from authlab.stats.blocks import measured
from authlab.store.frames import TrialFrames


def summary_of(tables: TrialFrames) -> dict[str, Any]:
    """A trial in a few numbers, for run.json."""
    kept = measured(tables.samples)
    outcomes = dict(kept["outcome"].value_counts().sort("outcome").iter_rows())
    return {
        "requests": kept.height,
        "outcomes": outcomes,
        "blocks": tables.windows["block"].n_unique(),
        "p50_ms": _rounded(kept["response_ms"].quantile(0.5)),
        "p99_ms": _rounded(kept["response_ms"].quantile(0.99)),
        "generator_cpu_share": _rounded(generator_share(tables.windows)),
        "lag_p99_ms": _rounded(lag_p99_ms(tables.samples)),
        "unserved_share": _rounded(unserved_share(tables.windows)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 5)
