"""Response time by percentile, with interval bands: the curve of each mode up to where its requests carry it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from authlab.model.windows import mode_of
from authlab.report.estimates import finite
from authlab.report.setups import Setup
from authlab.stats.percentiles import BEYOND, block_percentiles

HEADLINE = (50.0, 90.0, 99.0, 99.9, 99.99)
POINTS = 41


def percentile_section(setup: Setup, seed: int) -> dict[str, Any]:
    """`curves` (a point per label and percentile), `headline` (p50, p90, … per label), `highest` that is shown.

    Every answered request counts, refused ones too; a request that timed out counts with the time after which
    it was given up, since leaving it out would flatter a slow mode.
    """
    rng = np.random.default_rng(seed)
    curves: list[dict[str, Any]] = []
    headline: list[dict[str, Any]] = []
    for label in setup.labels:
        rows = setup.answered.get(label)
        if rows is None:
            continue
        asked = sorted({*_grid(rows.height), *HEADLINE})
        values = rows["response_ms"].to_numpy()
        for point in block_percentiles(values, rows["block"].to_numpy(), asked, rng=rng, resamples=400):
            row = {
                "label": label,
                "mode": mode_of(label),
                "percentile": round(point.q, 6),
                "beyond": 1 / (1 - point.q / 100),
                "value": finite(point.value),
                "low": finite(point.low),
                "high": finite(point.high),
                "requests": rows.height,
            }
            curves.append(row)
            if point.q in HEADLINE:
                headline.append(row)
    return {
        "curves": curves,
        "headline": headline,
        "parts": _parts(setup),
        "highest": max((row["percentile"] for row in curves), default=None),
        "beyond": BEYOND,
    }


def _grid(requests: int) -> list[float]:
    """Percentiles evenly spaced in log(1/(1−p)), from the median up to what so many requests support."""
    top = 1 - BEYOND / requests
    if top <= 0.5:
        return []
    steps = np.linspace(math.log10(2), -math.log10(1 - top), POINTS)
    # Rounding must not push the last point past what is supported.
    return [100 * (1 - 10 ** -float(step)) for step in steps[:-1]] + [100 * top - 1e-9]


def _parts(setup: Setup) -> list[dict[str, Any]]:
    """Median service time and mean queueing per label: what the response time is made of."""
    grouped = (
        setup.measured.filter(pl.col("outcome") != "network")
        .group_by("label")
        .agg(pl.col("service_ms").median(), pl.col("queue_ms").mean())
    )
    found = {row["label"]: row for row in grouped.to_dicts()}
    return [
        {
            "label": label,
            "mode": mode_of(label),
            "service_p50_ms": finite(found[label]["service_ms"]),
            "queue_mean_ms": finite(found[label]["queue_ms"]),
        }
        for label in setup.labels
        if label in found
    ]
