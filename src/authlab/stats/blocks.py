"""One row per mode and block: requests, failures, latency, CPU per request. All intervals start here."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from authlab.model.parts import OUTSIDE

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

BEFORE_LOGIN = "login"


def measured(samples: Frame) -> Frame:
    """The samples that count: sent after a successful log-in, in a slice's measured part.

    Shares are of requests made after a successful log-in, so log-ins themselves, and requests that had no
    credential to show, are left out.
    """
    return samples.filter(~pl.col("warmup") & (pl.col("op") != BEFORE_LOGIN) & (pl.col("credential") > 0))


_ANSWERED = (pl.col("outcome") != "network") & (pl.col("response_ms") > 0)


def answered(samples: Frame) -> Frame:
    """The measured samples that latency is taken from. A refusal is an answer.

    A time-out counts with the time that it took: leaving it out would make a stack that hangs look fast.
    """
    return measured(samples).filter(_ANSWERED)


def block_table(samples: pl.DataFrame, resources: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Per label and block: `requests`, `failures`, `auth_failures`, `p50_ms`, CPU columns.

    CPU columns are microseconds per request completed while the CPU was counted: `cpu_us` of all parts of the
    stack, and `proxy_us`, `workers_us`, `store_us` of each. They are null where no resources were recorded (a plain
    recording). Latency is that of `answered` requests.
    """
    latency = pl.col("response_ms").filter(_ANSWERED)
    rows = (
        measured(samples.lazy())
        .group_by("label", "block")
        .agg(
            pl.len().alias("requests"),
            (pl.col("outcome") != "ok").sum().alias("failures"),
            (pl.col("outcome") == "auth").sum().alias("auth_failures"),
            latency.quantile(0.5, "linear").alias("p50_ms"),
        )
        .collect()
    )
    # A report's labels are an enum of its own.
    cpu = cpu_per_request(samples, resources, windows).with_columns(pl.col("label").cast(rows.schema["label"]))
    return rows.join(cpu, on=["label", "block"], how="left").sort("label", "block")


def cpu_per_request(samples: pl.DataFrame, resources: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """CPU time per request of each slice in microseconds, by part: `cpu_us`, `proxy_us`, `workers_us`, `store_us`.

    A request belongs to the slice's CPU count if it was done while that count ran, log-ins included.
    """
    schema = {"label": pl.String, "block": pl.Int64}
    columns = ("cpu_us", "proxy_us", "workers_us", "store_us")
    if resources.is_empty():
        return pl.DataFrame(schema={**schema, **dict.fromkeys(columns, pl.Float64)})
    kind = (
        pl.when(pl.col("part").str.starts_with("worker"))
        .then(pl.lit("workers"))
        .otherwise(pl.col("part"))
        .alias("kind")
    )
    used = resources.filter(pl.col("part").is_in(OUTSIDE).not_()).with_columns(kind)
    counted = used.group_by("index").agg(pl.col("from_ns").min(), pl.col("to_ns").max())
    done = (
        samples.select("window", "done_ns")
        .join(counted, left_on="window", right_on="index")
        .filter((pl.col("done_ns") > pl.col("from_ns")) & (pl.col("done_ns") <= pl.col("to_ns")))
        .group_by("window")
        .agg(pl.len().alias("done"))
    )
    per_kind = used.group_by("index").agg(
        *(
            pl.col("cpu_ns").filter(pl.col("kind") == part).sum().alias(f"{part}_ns")
            for part in ("proxy", "workers", "store")
        )
    )
    return (
        per_kind.join(done, left_on="index", right_on="window")
        .join(windows.select("index", "label", "block"), on="index")
        .select(
            "label",
            "block",
            (pl.sum_horizontal("proxy_ns", "workers_ns", "store_ns") / pl.col("done") / 1e3).alias("cpu_us"),
            *(
                (pl.col(f"{part}_ns") / pl.col("done") / 1e3).alias(f"{part}_us")
                for part in ("proxy", "workers", "store")
            ),
        )
    )
