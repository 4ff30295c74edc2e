"""How evenly the requests fell on the workers."""

from __future__ import annotations

from typing import Any

import polars as pl

from authlab.model.windows import mode_of
from authlab.report.setups import Setup


def balance_rows(setup: Setup) -> list[dict[str, Any]]:
    """One row per label and worker: its requests and its share of all answers that named a worker."""
    answered = setup.samples.filter(~pl.col("warmup") & (pl.col("worker") != ""))
    if answered.is_empty():
        return []
    counts = answered.group_by("label", "worker").agg(pl.len().alias("requests"))
    counts = counts.with_columns((pl.col("requests") / pl.col("requests").sum().over("label")).alias("share"))
    order = {label: place for place, label in enumerate(setup.labels)}
    rows = [row for row in counts.to_dicts() if row["label"] in order]
    return [
        {
            "label": row["label"],
            "mode": mode_of(row["label"]),
            "worker": row["worker"],
            "requests": row["requests"],
            "share": row["share"],
            "expected": 1 / setup.workers if setup.workers else None,
        }
        for row in sorted(rows, key=lambda r: (order[r["label"]], r["worker"]))
    ]
