"""Health of the load generator: lag and CPU against the limits beyond which a trial would not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from authlab.checkers.guards import GENERATOR_CPU_LIMIT, LAG_P99_LIMIT_MS, UNSERVED_LIMIT
from authlab.report.drawing import theme
from authlab.report.drawing.marks import Rows, Spec, below, finished, layer, panel, q, rows, tip, to
from authlab.report.estimates import finite
from authlab.report.figure import Figure, Table, columns
from authlab.report.setups import Setup
from authlab.report.tables import Tables
from authlab.report.words import coded, label_words, number, percent, whole


@dataclass(frozen=True)
class Health:
    """Lag percentiles in ms, share of a core, arrivals and how many of them stayed unserved, and what is wrong."""

    label: str
    lag_p50_ms: float | None
    lag_p99_ms: float | None
    lag_max_ms: float | None
    cpu_share: float | None
    arrivals: int | None
    unserved: int | None
    problems: tuple[str, ...]


def generator(setup: Setup) -> Iterator[Figure]:
    """Lag (p50 to p99) and share of a core per mode, with their limits."""
    found = health_of(setup.tables)
    if not found:
        return
    labels = [row.label for row in found]
    panels = [_lag(found, labels)]
    if any(row.cpu_share is not None for row in found):
        panels.append(_cpu(found, labels))
    heads = ("Mode", "Lag p50, ms", "Lag p99, ms", "Lag max, ms", "Share of a core", "Arrivals", "Unserved")
    yield Figure(
        id="generator",
        title=_title(found),
        reading=(
            "Lag is how late the generator itself sent a request: a measurement error, kept out of every response "
            "time. Bars reach from the median to the 99th percentile. Dashed lines are the limits beyond which a "
            "trial is inconclusive."
        ),
        alt="Generator lag and CPU by mode. "
        + " ".join(
            f"{label_words(row.label)}: lag p99 {number(row.lag_p99_ms)} ms, "
            f"{percent(row.cpu_share)} of a core, "
            f"{whole(row.unserved)} arrivals unserved."
            for row in found
        ),
        table=Table(
            "The generator, by mode",
            columns(*heads, words="Mode"),
            [
                [
                    label_words(row.label),
                    *(number(lag) for lag in (row.lag_p50_ms, row.lag_p99_ms, row.lag_max_ms)),
                    percent(row.cpu_share),
                    whole(row.arrivals),
                    whole(row.unserved),
                ]
                for row in found
            ],
        ),
        data=found,
        spec=finished(below(panels)),
        pad=theme.side_pad(labels),
        notes=[f"{coded(row.label)}: {'; '.join(row.problems)}." for row in found if row.problems],
    )


def health_of(tables: Tables) -> tuple[Health, ...]:
    """A row per label."""
    lag = pl.col("lag_ms")
    lags = {
        row["label"]: row
        for row in tables.samples.lazy()
        .filter(~pl.col("warmup") & lag.is_finite())
        .group_by("label")
        .agg(lag.median().alias("p50"), lag.quantile(0.99, "linear").alias("p99"), lag.max().alias("max"))
        .collect()
        .to_dicts()
    }
    slices = {
        row["label"]: row
        for row in tables.windows.with_columns((pl.col("end_ns") - pl.col("start_ns")).alias("open_ns"))
        .group_by("label")
        .agg(pl.col("arrivals", "unserved", "generator_cpu_ns", "open_ns").sum())
        .to_dicts()
    }
    found = []
    for label in tables.labels:
        if label not in lags:
            continue
        held, late = slices.get(label), lags[label]
        busy = held and held["generator_cpu_ns"] and held["open_ns"] > 0
        share = held["generator_cpu_ns"] / held["open_ns"] if held and busy else None
        arrivals, unserved = (held["arrivals"], held["unserved"]) if held else (None, None)
        p50, p99, most = (finite(late[name]) for name in ("p50", "p99", "max"))
        problems = tuple(_problems(p99, share, arrivals, unserved))
        found.append(Health(label, p50, p99, most, share, arrivals, unserved, problems))
    return tuple(found)


def _problems(p99_ms: float | None, share: float | None, arrivals: int | None, unserved: int | None) -> Iterator[str]:
    if p99_ms is not None and p99_ms > LAG_P99_LIMIT_MS:
        yield f"lag p99 is above {LAG_P99_LIMIT_MS:g} ms"
    if share is not None and share > GENERATOR_CPU_LIMIT:
        yield f"more than {GENERATOR_CPU_LIMIT:.0%} of its core"
    if unserved and unserved > UNSERVED_LIMIT * (arrivals or 0):
        yield f"{unserved} arrivals could not be sent"


def _lag(found: Sequence[Health], labels: Sequence[str]) -> Spec:
    highest = max([row.lag_p99_ms or 0 for row in found] + [LAG_P99_LIMIT_MS])
    x = q(
        "lag_p50_ms",
        scale={"domain": [0, highest * 1.08], "nice": False},
        axis={"title": "lag, ms", "tickCount": 6},
    )
    data, y, colour = rows(found), theme.names_axis(labels), theme.colours(labels)
    return panel(
        layer(data, "rule", look={"strokeWidth": 3}, y=y, x=x, x2=to("lag_p99_ms"), color=colour),
        layer(data, "tick", look={"thickness": 2, "size": 12, "orient": "vertical"}, y=y, x=q("lag_p99_ms"),
              color=colour, tooltip=[tip("name", "mode"), tip("lag_p99_ms", "lag p99, ms", ".3~g")]),
        _limit(LAG_P99_LIMIT_MS),
        height=26 * len(labels),
        title="How late requests were sent",
    )  # fmt: skip


def _cpu(found: Sequence[Health], labels: Sequence[str]) -> Spec:
    x = q(
        "cpu_share",
        scale={"domain": [0, 1], "nice": False},
        axis={"title": "share of its core", "format": ".0%", "tickCount": 5},
    )
    return panel(
        layer(rows(found), "bar", look={"height": 12}, y=theme.names_axis(labels), x=x, color=theme.colours(labels),
              tooltip=[tip("name", "mode"), tip("cpu_share", "of a core", ".1%")]),
        _limit(GENERATOR_CPU_LIMIT),
        height=26 * len(labels),
        title="How busy the generator was",
    )  # fmt: skip


def _limit(value: float) -> Spec:
    return layer(Rows([{"at": value}]), "rule", look={"style": "ink", "strokeDash": [4, 3]}, x=q("at"))


def _title(found: Sequence[Health]) -> str:
    lag = max((row.lag_p99_ms for row in found if row.lag_p99_ms is not None), default=None)
    busy = max((row.cpu_share for row in found if row.cpu_share is not None), default=None)
    at_most = f"lag p99 at most {number(lag)} ms" + (f", at most {percent(busy)} of its core" if busy else "")
    if any(row.problems for row in found):
        return f"The generator did not keep up everywhere: {at_most}"
    return f"The generator kept up: {at_most}"
