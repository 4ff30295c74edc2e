"""What became of the requests: outcome, status and the service's reason, by mode."""

from __future__ import annotations

from typing import Any

import polars as pl

from authlab.model.samples import OUTCOMES
from authlab.model.windows import mode_of
from authlab.report.setups import Setup


def outcome_rows(setup: Setup) -> list[dict[str, Any]]:
    """One row per label, outcome, status and reason, with its count and share of the label's requests."""
    if setup.measured.is_empty():
        return []
    counts = setup.measured.group_by("label", "outcome", "status", "reason").agg(pl.len().alias("requests"))
    counts = counts.with_columns((pl.col("requests") / pl.col("requests").sum().over("label")).alias("share"))
    order = {label: place for place, label in enumerate(setup.labels)}
    known = {outcome: place for place, outcome in enumerate(OUTCOMES)}
    rows = [row for row in counts.to_dicts() if row["label"] in order]

    def place(row: dict[str, Any]) -> tuple[int, int, int, str]:
        rank = known.get(row["outcome"], len(known))
        return order[row["label"]], rank, -row["requests"], row["reason"] or ""

    return [
        {
            "label": row["label"],
            "mode": mode_of(row["label"]),
            "outcome": row["outcome"],
            "status": row["status"],
            "reason": row["reason"] or "",
            "requests": row["requests"],
            "share": row["share"],
        }
        for row in sorted(rows, key=place)
    ]
