"""Guards: whether a trial's data can be trusted at all. Each reason comes with its remedy."""

from __future__ import annotations

from typing import Final

import polars as pl

GENERATOR_CPU_LIMIT: Final = 0.80
"""Share of its core above which the generator is held to be saturated: its own queueing would be measured."""

LAG_P99_LIMIT_MS: Final = 5.0
UNSERVED_LIMIT: Final = 0.001
"""Share of the schedule's arrivals that may stay unsent before latencies are censored too much."""

MIN_SAMPLES: Final = 1000
MIN_BLOCKS: Final = 20


def trial_reasons(samples: pl.DataFrame, windows: pl.DataFrame) -> tuple[str, ...]:
    """Why the trial is not valid: empty if it is. Both frames have a trial's columns (authlab.store.frames)."""
    return (*_generator(windows), *_lag(samples), *_unserved(windows), *_too_few(samples))


def generator_share(windows: pl.DataFrame) -> float | None:
    """Share of one core that the generator used within its slices."""
    opened = windows.filter(pl.col("generator_cpu_ns") > 0)
    length = (opened["end_ns"] - opened["start_ns"]).sum()
    return float(opened["generator_cpu_ns"].sum()) / float(length) if length else None


def lag_p99_ms(samples: pl.DataFrame) -> float | None:
    """The 99th percentile of the generator's own lateness over measured requests."""
    value = samples.filter(~pl.col("warmup"))["lag_ms"].quantile(0.99, "linear")
    return None if value is None else float(value)


def unserved_share(windows: pl.DataFrame) -> float | None:
    """Share of the schedule's arrivals that could not be sent before their slice ended."""
    arrivals = int(windows["arrivals"].sum())
    return int(windows["unserved"].sum()) / arrivals if arrivals else None


def _generator(windows: pl.DataFrame) -> list[str]:
    share = generator_share(windows)
    if share is None or share <= GENERATOR_CPU_LIMIT:
        return []
    return [
        f"the load generator used {share:.0%} of its core (limit {GENERATOR_CPU_LIMIT:.0%}): it measured itself; "
        "lower --rate or --users"
    ]


def _lag(samples: pl.DataFrame) -> list[str]:
    lag = lag_p99_ms(samples)
    if lag is None or lag <= LAG_P99_LIMIT_MS:
        return []
    return [
        f"the load generator sent its requests late: lag p99 {lag:.1f} ms (limit {LAG_P99_LIMIT_MS:g} ms); "
        "close other programs, or lower --rate"
    ]


def _unserved(windows: pl.DataFrame) -> list[str]:
    share = unserved_share(windows)
    if share is None or share <= UNSERVED_LIMIT:
        return []
    return [
        f"{share:.2%} of the scheduled requests could not be sent before their slice ended "
        f"(limit {UNSERVED_LIMIT:.1%}): the stack can't take this rate; lower --rate or add --workers"
    ]


def _too_few(samples: pl.DataFrame) -> list[str]:
    kept = samples.filter(~pl.col("warmup"))
    if kept.height >= MIN_SAMPLES:
        return []
    return [f"only {kept.height} requests were measured (at least {MIN_SAMPLES}): run longer with --for"]
