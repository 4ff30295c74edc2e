"""Numbers with intervals: never NaN, None where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from authlab.model.windows import mode_of
from authlab.stats.intervals import Interval, block_interval, share_interval


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval over `blocks` blocks, after `merged` neighbours were averaged into one.

    Without an interval `low` and `high` are None: a single block has a value, but no interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    blocks: int = 0
    merged: int = 1
    autocorrelated: bool = False

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, None where they are not known."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Labelled(Estimate):
    """An estimate of one label of a setup."""

    label: str

    @property
    def own(self) -> bool:
        """Whether the label is a mode or an arm, not an A/A twin."""
        return mode_of(self.label) == self.label


def finite(value: float | None) -> float | None:
    """The value, or None where JSON has no number for it."""
    return None if value is None or not math.isfinite(value) else float(value)


def estimate(interval: Interval | None, value: float | None = None) -> Estimate:
    """An interval as an estimate; without one only the `value` is known."""
    if interval is None:
        return Estimate(finite(value), blocks=0 if value is None else 1)
    return Estimate(
        finite(interval.value),
        finite(interval.low),
        finite(interval.high),
        interval.blocks,
        interval.merged,
        bool(interval.autocorrelated),
    )


def mean_over_blocks(values: Mapping[int, float]) -> Estimate:
    """Mean of a block table's column with its interval."""
    series = [value for _, value in sorted(values.items()) if math.isfinite(value)]
    if len(series) < 2:
        return estimate(None, series[0] if series else None)
    return estimate(block_interval(series))


def share_over_blocks(failures: Mapping[int, float], requests: Mapping[int, float]) -> Estimate:
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
