"""Resident memory of each part of the stack while its mode was under load."""

from __future__ import annotations

from typing import Any

import polars as pl

from authlab.model.windows import mode_of
from authlab.report.setups import Setup

PARTS = ("proxy", "workers", "store")


def memory_rows(setup: Setup) -> list[dict[str, Any]]:
    """One row per label and part: median over slices, `highest`, and `growth` (last less first slice), in bytes."""
    if setup.resources.is_empty():
        return []
    kind = pl.when(pl.col("part").str.starts_with("worker")).then(pl.lit("workers")).otherwise(pl.col("part"))
    per_slice = (
        setup.resources.with_columns(kind.alias("part"))
        .filter(pl.col("part").is_in(PARTS))
        .group_by("index", "part")
        .agg(pl.col("rss_bytes").sum())
        .join(setup.windows.select("index", "label", "start_ns"), on="index")
        .sort("start_ns")
    )
    rows = per_slice.group_by("label", "part").agg(
        pl.col("rss_bytes").median().alias("bytes"),
        pl.col("rss_bytes").max().alias("highest"),
        (pl.col("rss_bytes").last() - pl.col("rss_bytes").first()).alias("growth"),
    )
    order = {label: place for place, label in enumerate(setup.labels)}
    kept = [row for row in rows.to_dicts() if row["label"] in order]
    return [
        {
            "label": row["label"],
            "mode": mode_of(row["label"]),
            "part": row["part"],
            "bytes": int(row["bytes"]),
            "highest": int(row["highest"]),
            "growth": int(row["growth"]),
        }
        for row in sorted(kept, key=lambda r: (order[r["label"]], PARTS.index(r["part"])))
    ]
