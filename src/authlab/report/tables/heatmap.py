"""Response time over time: for each mode, time against logarithmic latency bins."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from authlab.model.windows import mode_of
from authlab.report.estimates import finite
from authlab.report.setups import Setup

BINS_PER_DECADE = 10
MAX_COLUMNS = 60


def heatmap_section(setup: Setup) -> dict[str, Any]:
    """`cells` (share of a column's requests in a latency bin) and `columns` (median and p95 of each).

    A column is one slice of load on that mode, or several neighbours where a run has more than `MAX_COLUMNS`.
    Times are seconds after the first slice's start.
    """
    if not setup.answered:
        return {"cells": [], "columns": [], "blocks_per_column": 1, "bins_per_decade": BINS_PER_DECADE}
    kept = pl.concat(setup.answered.values())
    first = kept["block"].min()
    count = kept["block"].n_unique()
    together = max(1, math.ceil(count / MAX_COLUMNS))
    base = int(first) if isinstance(first, int) else 0
    origin = kept["sent_ns"].min()
    binned = kept.select(
        "label",
        "response_ms",
        ((pl.col("block") - base) // together).alias("column"),
        ((pl.col("sent_ns") - origin) / 1e9).alias("sent_s"),
        (pl.col("response_ms").log10() * BINS_PER_DECADE).floor().cast(pl.Int64).alias("bin"),
    )
    columns = _columns(binned)
    cells = binned.group_by("label", "column", "bin").agg(pl.len().alias("requests"))
    cells = cells.join(columns, on=["label", "column"]).with_columns(
        (pl.col("requests") / pl.col("total")).alias("share"),
        (10.0 ** (pl.col("bin") / BINS_PER_DECADE)).alias("from_ms"),
        (10.0 ** ((pl.col("bin") + 1) / BINS_PER_DECADE)).alias("to_ms"),
    )
    order = {label: place for place, label in enumerate(setup.labels)}
    return {
        "cells": [
            {
                "label": row["label"],
                "from_s": round(row["from_s"], 3),
                "to_s": round(row["to_s"], 3),
                "from_ms": float(f"{row['from_ms']:.4g}"),
                "to_ms": float(f"{row['to_ms']:.4g}"),
                "requests": row["requests"],
                "share": round(row["share"], 5),
            }
            for row in sorted(cells.to_dicts(), key=lambda r: (order[r["label"]], r["column"], r["bin"]))
        ],
        "columns": [
            {
                "label": row["label"],
                "mode": mode_of(row["label"]),
                "from_s": round(row["from_s"], 3),
                "to_s": round(row["to_s"], 3),
                "requests": row["total"],
                "p50_ms": finite(row["p50_ms"]),
                "p95_ms": finite(row["p95_ms"]),
                "max_ms": finite(row["max_ms"]),
            }
            for row in sorted(columns.to_dicts(), key=lambda r: (order[r["label"]], r["column"]))
        ],
        "blocks_per_column": together,
        "bins_per_decade": BINS_PER_DECADE,
    }


def _columns(binned: pl.DataFrame) -> pl.DataFrame:
    """Each column's span and percentiles; a column reaches to the next one's start, so that no gap is drawn."""
    columns = (
        binned.group_by("label", "column")
        .agg(
            pl.col("sent_s").min().alias("from_s"),
            pl.col("sent_s").max().alias("last_s"),
            pl.len().alias("total"),
            pl.col("response_ms").median().alias("p50_ms"),
            pl.col("response_ms").quantile(0.95, "linear").alias("p95_ms"),
            pl.col("response_ms").max().alias("max_ms"),
        )
        .sort("label", "column")
    )
    step = (pl.col("from_s").diff().median().over("label")).fill_null(1.0)
    following = pl.col("from_s").shift(-1).over("label")
    return columns.with_columns(
        following.fill_null(pl.max_horizontal(pl.col("last_s"), pl.col("from_s") + step)).alias("to_s")
    )
