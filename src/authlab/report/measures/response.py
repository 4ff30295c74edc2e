"""Response time by percentile, with interval bands: the curve of each label up to where its requests carry it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from authlab.report.estimates import finite
from authlab.report.tables import Tables
from authlab.stats.intervals import Interval
from authlab.stats.percentiles import BEYOND, Percentile, block_percentiles
from authlab.stats.starts import at_least_as_wide

HEADLINE: Final = (50.0, 90.0, 99.0, 99.9, 99.99)
POINTS: Final = 41


@dataclass(frozen=True)
class Point:
    """A percentile in milliseconds with its interval; one in `beyond` requests lies above it."""

    label: str
    percentile: float
    beyond: float
    value: float | None
    low: float | None
    high: float | None
    requests: int


@dataclass(frozen=True)
class Parts:
    """What the response time of a label is made of."""

    label: str
    service_p50_ms: float | None
    queue_mean_ms: float | None


@dataclass(frozen=True)
class Response:
    """`curves` (a point per label and percentile), `headline` (p50, p90, … per label), the `highest` that is shown."""

    curves: tuple[Point, ...]
    headline: tuple[Point, ...]
    parts: tuple[Parts, ...]
    highest: float | None
    beyond: int = BEYOND


def response_of(tables: Tables, seed: int) -> Response:
    """Every answered request counts, refused ones too; a request that timed out counts with the time after which it was
    given up, since leaving it out would flatter a slow mode.
    """
    rng = np.random.default_rng(seed)
    curves: list[Point] = []
    headline: list[Point] = []
    for label in tables.labels:
        rows = tables.answered.get(label)
        if rows is None:
            continue
        asked = sorted({*_grid(rows.height), *HEADLINE})
        values = rows["response_ms"].to_numpy()
        for found in block_percentiles(values, rows["block"].to_numpy(), asked, rng=rng, resamples=400):
            found = _with_starts(tables, found) if found.q in HEADLINE else found
            point = Point(
                label,
                round(found.q, 6),
                1 / (1 - found.q / 100),
                finite(found.value),
                finite(found.low),
                finite(found.high),
                rows.height,
            )
            curves.append(point)
            if found.q in HEADLINE:
                headline.append(point)
    highest = max((point.percentile for point in curves), default=None)
    return Response(tuple(curves), tuple(headline), _parts(tables), highest)


def _with_starts(tables: Tables, found: Percentile) -> Percentile:
    """A headline's percentile with an interval that knows about starts, if the run had rounds."""
    starts = tables.tail_starts(found.q)
    if starts is None:
        return found
    interval = Interval(found.value, found.low, found.high, 0)
    wide = at_least_as_wide(interval, starts, found.value**2, tables.rounds)
    return replace(found, low=wide.low, high=wide.high)


def _grid(requests: int) -> list[float]:
    """Percentiles evenly spaced in log(1/(1−p)), from the median up to what so many requests support."""
    top = 1 - BEYOND / requests
    if top <= 0.5:
        return []
    steps = np.linspace(math.log10(2), -math.log10(1 - top), POINTS)
    # Rounding must not push the last point past what is supported.
    return [100 * (1 - 10 ** -float(step)) for step in steps[:-1]] + [100 * top - 1e-9]


def _parts(tables: Tables) -> tuple[Parts, ...]:
    grouped = (
        tables.measured.filter(pl.col("outcome") != "network")
        .group_by("label")
        .agg(pl.col("service_ms").median(), pl.col("queue_ms").mean())
        .collect()
    )
    found = {row["label"]: row for row in grouped.to_dicts()}
    return tuple(
        Parts(label, finite(found[label]["service_ms"]), finite(found[label]["queue_ms"]))
        for label in tables.labels
        if label in found
    )
