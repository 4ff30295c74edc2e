"""Whether the generator kept up: its lag, its CPU and the arrivals that it could not send."""

from __future__ import annotations

from typing import Any

import polars as pl

from authlab.checkers.guards import GENERATOR_CPU_LIMIT, LAG_P99_LIMIT_MS, UNSERVED_LIMIT
from authlab.model.windows import mode_of
from authlab.report.estimates import finite
from authlab.report.setups import Setup


def generator_rows(setup: Setup) -> list[dict[str, Any]]:
    """One row per label: lag percentiles in ms, share of a core, arrivals and how many of them stayed unserved."""
    lags = {
        row["label"]: row
        for row in setup.samples.filter(~pl.col("warmup") & pl.col("lag_ms").is_finite())
        .group_by("label")
        .agg(
            pl.col("lag_ms").median().alias("p50"),
            pl.col("lag_ms").quantile(0.99, "linear").alias("p99"),
            pl.col("lag_ms").max().alias("max"),
        )
        .to_dicts()
    }
    slices = {
        row["label"]: row
        for row in setup.windows.with_columns((pl.col("end_ns") - pl.col("start_ns")).alias("open_ns"))
        .group_by("label")
        .agg(pl.col("arrivals", "unserved", "generator_cpu_ns", "open_ns").sum())
        .to_dicts()
    }
    rows = []
    for label in setup.labels:
        lag, held = lags.get(label), slices.get(label)
        if lag is None:
            continue
        row = {
            "label": label,
            "mode": mode_of(label),
            "lag_p50_ms": finite(lag["p50"]),
            "lag_p99_ms": finite(lag["p99"]),
            "lag_max_ms": finite(lag["max"]),
            "cpu_share": None,
            "arrivals": None,
            "unserved": None,
        }
        if held is not None:
            busy, opened = held["generator_cpu_ns"], held["open_ns"]
            row["cpu_share"] = busy / opened if busy and opened > 0 else None
            row["arrivals"], row["unserved"] = held["arrivals"], held["unserved"]
        rows.append({**row, "problems": _problems(row)})
    return rows


def _problems(row: dict[str, Any]) -> list[str]:
    found = []
    if row["lag_p99_ms"] is not None and row["lag_p99_ms"] > LAG_P99_LIMIT_MS:
        found.append(f"lag p99 is above {LAG_P99_LIMIT_MS:g} ms")
    if row["cpu_share"] is not None and row["cpu_share"] > GENERATOR_CPU_LIMIT:
        found.append(f"more than {GENERATOR_CPU_LIMIT:.0%} of its core")
    if row["unserved"] and row["unserved"] > UNSERVED_LIMIT * (row["arrivals"] or 0):
        found.append(f"{row['unserved']} arrivals could not be sent")
    return found
