"""The tables of one trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

Schema = dict[str, pl.DataType | type[pl.DataType]]

SAMPLES_SCHEMA: Final[Schema] = {
    "window": pl.Int64,
    "user": pl.Int64,
    "op": pl.String,
    "credential": pl.Int64,
    "issued_ns": pl.Int64,
    "expires_ns": pl.Int64,
    "due_ns": pl.Int64,
    "ready_ns": pl.Int64,
    "sent_ns": pl.Int64,
    "done_ns": pl.Int64,
    "status": pl.Int64,
    "worker": pl.String,
    "outcome": pl.String,
    "reason": pl.String,
    "request_id": pl.String,
    "item": pl.String,
    "cart": pl.String,
    "label": pl.String,
    "block": pl.Int64,
    "warmup": pl.Boolean,
    "service_ms": pl.Float64,
    "queue_ms": pl.Float64,
    "response_ms": pl.Float64,
    "lag_ms": pl.Float64,
}

WINDOWS_SCHEMA: Final[Schema] = {
    "index": pl.Int64,
    "block": pl.Int64,
    "label": pl.String,
    "start_ns": pl.Int64,
    "warm_end_ns": pl.Int64,
    "end_ns": pl.Int64,
    "arrivals": pl.Int64,
    "unserved": pl.Int64,
    "generator_cpu_ns": pl.Int64,
}

RESOURCES_SCHEMA: Final[Schema] = {
    "index": pl.Int64,
    "part": pl.String,
    "from_ns": pl.Int64,
    "to_ns": pl.Int64,
    "cpu_ns": pl.Int64,
    "rss_bytes": pl.Int64,
}


@dataclass(frozen=True)
class TrialFrames:
    """A trial's requests, slices and resources, as parquet holds them (results/README.md names each column)."""

    samples: pl.DataFrame
    windows: pl.DataFrame
    resources: pl.DataFrame
