"""Response time without coordinated omission: service time, queueing by Lindley's recursion, the generator's lag."""

from __future__ import annotations

import polars as pl

_MS = 1e-6


def with_latencies(samples: pl.DataFrame) -> pl.DataFrame:
    """Add `service_ms`, `queue_ms`, `response_ms` and `lag_ms` to recorded samples.

    Queueing is per user and window (Lindley 1952): queueₖ = max(0, queueₖ₋₁ + serviceₖ₋₁ − (dueₖ − dueₖ₋₁)),
    in closed form the running sum of its increments minus the running minimum of that sum (and 0). It is how long the
    request would have waited if the generator were never late. The generator's own lateness,
    lag = sent − max(due, ready), is part of no latency. The result is sorted by window, user and due time.
    """
    group = ["window", "user"]
    ordered = samples.sort("window", "user", "due_ns", "sent_ns", maintain_order=True)
    service = pl.col("done_ns") - pl.col("sent_ns")
    step = (service.shift(1).over(group) - pl.col("due_ns").diff().over(group)).fill_null(0)
    return (
        ordered.with_columns(service.alias("_service"), step.alias("_step"))
        .with_columns(pl.col("_step").cum_sum().over(group).alias("_walk"))
        .with_columns(pl.min_horizontal(pl.col("_walk").cum_min().over(group), 0).alias("_floor"))
        .with_columns((pl.col("_walk") - pl.col("_floor")).alias("_queue"))
        .with_columns(
            (pl.col("_service") * _MS).alias("service_ms"),
            (pl.col("_queue") * _MS).alias("queue_ms"),
            ((pl.col("_service") + pl.col("_queue")) * _MS).alias("response_ms"),
            ((pl.col("sent_ns") - pl.max_horizontal("due_ns", "ready_ns")) * _MS).alias("lag_ms"),
        )
        .drop("_service", "_step", "_walk", "_floor", "_queue")
    )
