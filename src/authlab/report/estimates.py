"""Numbers with intervals as report.json holds them: never NaN, null where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from authlab.stats.intervals import Array, Interval, block_interval, ratio_interval, share_interval


def finite(value: float | None) -> float | None:
    """The value, or None where JSON has no number for it."""
    return None if value is None or not math.isfinite(value) else float(value)


def estimate(interval: Interval | None, value: float | None = None) -> dict[str, Any]:
    """`value`, `low`, `high`, `blocks`, `merged`, `autocorrelated` of an interval.

    Without an interval only the `value` is given (a single block has a value, but no interval).
    """
    if interval is None:
        return {
            "value": finite(value),
            "low": None,
            "high": None,
            "blocks": 0 if value is None else 1,
            "merged": 1,
            "autocorrelated": False,
        }
    return {
        "value": finite(interval.value),
        "low": finite(interval.low),
        "high": finite(interval.high),
        "blocks": interval.blocks,
        "merged": interval.merged,
        "autocorrelated": bool(interval.autocorrelated),
    }


def mean_over_blocks(values: Mapping[int, float]) -> dict[str, Any]:
    """Mean of a block table's column with its interval."""
    series = [value for _, value in sorted(values.items()) if math.isfinite(value)]
    if len(series) < 2:
        return estimate(None, series[0] if series else None)
    return estimate(block_interval(series))


def ratio_over_blocks(values: Array, base: Array) -> dict[str, Any]:
    """Ratio of two series that were paired by block (`authlab.stats.pairing.paired`)."""
    if values.size < 2:
        return estimate(None, float(values[0] / base[0]) if values.size else None)
    return estimate(ratio_interval(values, base))


def share_over_blocks(failures: Mapping[int, float], requests: Mapping[int, float]) -> dict[str, Any]:
    """Pooled share of requests that failed, with its interval over blocks."""
    blocks = sorted(block for block, count in requests.items() if count > 0)
    if not blocks:
        return estimate(None)
    return estimate(
        share_interval(
            np.array([failures.get(block, 0.0) for block in blocks]),
            np.array([requests[block] for block in blocks]),
        )
    )
