"""One row per mode and block: requests, failures, latency, CPU per request. All intervals start here."""

from __future__ import annotations

from typing import Final, TypeVar

import polars as pl

from authlab.model.parts import OUTSIDE

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

BEFORE_LOGIN = "login"

PARTS: Final = ("proxy", "workers", "store")
"""The parts of a stack that CPU time is counted by; a stack's workers count as one."""


def measured(samples: Frame) -> Frame:
    """The samples that count: sent after a successful log-in, in a slice's measured part.

    Shares are of requests made after a successful log-in. Log-ins themselves, and requests without a credential, are
    left out.
    """
    return samples.filter(~pl.col("warmup") & (pl.col("op") != BEFORE_LOGIN) & (pl.col("credential") > 0))


_ANSWERED = (pl.col("outcome") != "network") & (pl.col("response_ms") > 0)


def answered(samples: Frame) -> Frame:
    """The measured samples that latency is computed from. A refusal is an answer.

    A time-out counts with its duration. Without it, a stack that hangs would look fast.
    """
    return measured(samples).filter(_ANSWERED)


def block_table(samples: pl.DataFrame, resources: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Per label and block: `requests`, `failures`, `auth_failures`, `p50_ms`, CPU columns.

    CPU columns are microseconds per request that ended while the CPU was counted: `cpu_us` of all parts of the stack,
    and `proxy_us`, `workers_us`, `store_us` of each. They are null where no resources were recorded (a plain
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

    A slice's CPU is read at both ends of one count, or of several counts one after the other. A request belongs to the
    count during which it ended, log-ins included. A count is left out, with its requests, if the clock of some part is
    not known because a process died and came back.
    """
    schema = {"label": pl.String, "block": pl.Int64}
    columns = ("cpu_us", "proxy_us", "workers_us", "store_us")
    if resources.is_empty():
        return pl.DataFrame(schema={**schema, **dict.fromkeys(columns, pl.Float64)})
    counts = cpu_counts(samples, resources)
    per_slice = counts.group_by("index").agg(pl.col("proxy_ns", "workers_ns", "store_ns", "done").sum())
    return (
        per_slice.filter(pl.col("done") > 0)
        .join(windows.select("index", "label", "block"), on="index")
        .select(
            "label",
            "block",
            (pl.sum_horizontal("proxy_ns", "workers_ns", "store_ns") / pl.col("done") / 1e3).alias("cpu_us"),
            *((pl.col(f"{part}_ns") / pl.col("done") / 1e3).alias(f"{part}_us") for part in PARTS),
        )
    )


def cpu_counts(samples: pl.DataFrame, resources: pl.DataFrame) -> pl.DataFrame:
    """Each whole count of CPU time: `index` of its slice, `from_ns`, `to_ns`, `proxy_ns`, `workers_ns`, `store_ns`, and
    `done`, the number of requests that were done in it.
    """
    kind = pl.when(pl.col("part").str.starts_with("worker")).then(pl.lit("workers")).otherwise(pl.col("part"))
    counts = (
        resources.filter(pl.col("part").is_in(OUTSIDE).not_())
        .with_columns(kind.alias("kind"))
        .group_by("index", "from_ns", "to_ns")
        .agg(
            *(pl.col("cpu_ns").filter(pl.col("kind") == part).sum().alias(f"{part}_ns") for part in PARTS),
            pl.col("cpu_ns").is_null().any().alias("unknown"),
        )
        .filter(~pl.col("unknown"))
        .drop("unknown")
        .sort("index", "from_ns")
    )
    done = (
        samples.select(index="window", at="done_ns")
        .sort("index", "at")
        .join_asof(
            counts.select("index", "from_ns", "to_ns"),
            left_on="at",
            right_on="from_ns",
            by="index",
            allow_exact_matches=False,
            check_sortedness=False,  # it is sorted within each slice
        )
        .filter(pl.col("at") <= pl.col("to_ns"))
        .group_by("index", "from_ns")
        .agg(pl.len().alias("done"))
    )
    return counts.join(done, on=["index", "from_ns"], how="left").with_columns(pl.col("done").fill_null(0))
