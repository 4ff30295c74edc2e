"""Intervals from blocks: Student's t on per-block values, after dependent neighbouring blocks were merged.

The unit is the block, never the request: requests of one block share the state of the machine, and requests that round
robin deals out are not independent trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, stdtrit  # scipy.stats takes most of a second to load

Array = npt.NDArray[np.float64]

LEVEL = 0.95

TRIM = 0.1
"""Share of the blocks left out at each end, for ratios and differences. Pauses of a shared machine hit single slices
hard. In three runs of 25–100 blocks, trimming made the A/A intervals narrower: of CPU by 17–33 %, of medians 17–48
%."""

MIN_MERGED = 6
"""Blocks are not merged below this number, because a Student interval on fewer is too wide to be useful."""

SUSPICION = 0.5
"""Deviations of r1 from which blocks are merged. A test at 5 % would have little power at 26 blocks: simulated with
r1 = 0.3 it left intervals that cover 87 % (half a deviation: 92 %). If independent blocks are merged without need, the
interval gets 10 % wider (tests/unit/stats/test_coverage.py)."""


@dataclass(frozen=True)
class Interval:
    """A mean (or trimmed mean) with its two-sided interval.

    `blocks` is the number of values under the interval, each of them the average of `merged` neighbours; `measured` is
    their number before that. `autocorrelated` warns that the values were still dependent when merging had to stop.
    """

    value: float
    low: float
    high: float
    blocks: int
    merged: int = 1
    autocorrelated: bool = False
    before_merging: int | None = None

    @property
    def measured(self) -> int:
        """How many blocks were measured, before neighbours were merged."""
        return self.blocks if self.before_merging is None else self.before_merging

    @property
    def half_width(self) -> float:
        """Half of the interval's length, in the value's own unit."""
        return (self.high - self.low) / 2

    def map(self, function: Any) -> Interval:
        """The interval after applying a monotone increasing `function` (such as `math.exp`) to its three numbers."""
        return Interval(
            float(function(self.value)),
            float(function(self.low)),
            float(function(self.high)),
            self.blocks,
            self.merged,
            self.autocorrelated,
            self.before_merging,
        )


def lag1_autocorrelation(values: Array) -> float:
    """Lag-1 autocorrelation of a series, 0 for a constant one (Box and Jenkins 1970, eq. 2.1.11)."""
    centred = values - values.mean()
    power = float(centred @ centred)
    # A constant series leaves rounding errors, not power.
    if power <= (1e-12 * max(1.0, float(np.abs(values).max()))) ** 2 * values.size:
        return 0.0
    return float(centred[1:] @ centred[:-1]) / power


def is_autocorrelated(values: Array) -> bool:
    """Whether neighbours are alike: lag-1 autocorrelation above its expectation by `SUSPICION` deviations.

    Under independence r1 is about normal with mean −1/n and standard deviation 1/√n (Anderson 1942). Only the
    side matters, because only positive correlation makes intervals too narrow.
    """
    n = values.size
    if n < MIN_MERGED:
        return False  # too few to decide, and Student's interval on so few is wide anyway
    return lag1_autocorrelation(values) > -1.0 / n + SUSPICION / float(np.sqrt(n))


def merge_neighbours(values: Array, factor: int) -> Array:
    """Means of each `factor` neighbouring values. Values left over join the last group."""
    if factor == 1:
        return values
    groups = values.size // factor
    head = values[: (groups - 1) * factor].reshape(groups - 1, factor).mean(axis=1)
    return np.append(head, values[(groups - 1) * factor :].mean())


def block_interval(values: npt.ArrayLike, level: float = LEVEL, trim: float = 0.0) -> Interval:
    """Mean of per-block `values` with a Student interval, after a share `trim` (below ½) was cut off at each end.

    Neighbouring blocks are merged in pairs until no lag-1 autocorrelation is left or fewer than `MIN_MERGED` would
    remain. With `trim` it is the trimmed mean, and the error comes from the Winsorized deviation (Tukey and McLaughlin
    1963; Yuen 1974, eq. 2.3). Raises ValueError for fewer than two values or a value that is not finite.
    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1 or series.size < 2:
        raise ValueError(f"an interval needs at least two blocks, got {series.size}")
    if not np.isfinite(series).all():
        raise ValueError("a block's value is not finite")
    merged = merged_until_independent(series)
    mean, error, degrees = trimmed_mean(merged.values, trim)
    reach = float(stdtrit(degrees, 0.5 + level / 2)) * error
    ends = (mean - reach, mean + reach)
    return Interval(mean, *ends, int(merged.values.size), merged.factor, merged.autocorrelated, series.size)


@dataclass(frozen=True)
class Merged:
    """A series of which each `factor` neighbours were averaged. `autocorrelated`: its values are still dependent."""

    values: Array
    factor: int
    autocorrelated: bool


def merged_until_independent(series: Array) -> Merged:
    """Merge neighbours in pairs until no lag-1 autocorrelation is left or fewer than `MIN_MERGED` would remain."""
    factor = 1
    merged = series
    while is_autocorrelated(merged) and series.size // (factor * 2) >= MIN_MERGED:
        factor *= 2
        merged = merge_neighbours(series, factor)
    return Merged(merged, factor, is_autocorrelated(merged))


def trimmed_mean(values: Array, share: float) -> tuple[float, float, int]:
    """Trimmed mean of at least two `values`, its standard error, and the degrees of freedom of its Student's t."""
    means, errors, degrees = trimmed_means(values[np.newaxis], share)
    return float(means[0]), float(errors[0]), degrees


def trimmed_means(rows: Array, share: float) -> tuple[Array, Array, int]:
    """`trimmed_mean` of each of the `rows`."""
    size = rows.shape[1]
    cut = int(share * size)
    kept = np.sort(rows, axis=1)[:, cut : size - cut]
    drawn_in = np.clip(rows, kept[:, :1], kept[:, -1:])
    number = kept.shape[1]
    errors = drawn_in.std(axis=1, ddof=1) * np.sqrt(size - 1) / np.sqrt(number * (number - 1))
    return kept.mean(axis=1), errors, number - 1


def ratio_interval(values: npt.ArrayLike, base: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Ratio of `values` to `base`, paired by block: the geometric mean of per-block ratios, trimmed by `TRIM`.

    The interval is Student's on the log-ratios, transformed back by exp. Both must be positive and of equal length.
    """
    top, bottom = np.asarray(values, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if top.shape != bottom.shape:
        raise ValueError(f"ratios are paired by block: {top.shape} against {bottom.shape}")
    if (top <= 0).any() or (bottom <= 0).any():
        raise ValueError("a ratio needs positive values in every block")
    return block_interval(np.log(top / bottom), level, TRIM).map(np.exp)


def difference_interval(values: npt.ArrayLike, base: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Difference of `values` to `base`, paired by block and trimmed by `TRIM`, with Student's interval."""
    top, bottom = np.asarray(values, dtype=np.float64), np.asarray(base, dtype=np.float64)
    if top.shape != bottom.shape:
        raise ValueError(f"differences are paired by block: {top.shape} against {bottom.shape}")
    return block_interval(top - bottom, level, TRIM)


def share_interval(failures: npt.ArrayLike, requests: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """Share of requests that failed, pooled, with an interval from the blocks' shares.

    If every block shows 0 (or every block 1), Student's interval has no width. The exact binomial bound (Clopper and
    Pearson 1934) on the pooled requests is then used: for no failure in n requests the upper end is about 3.7/n. Ends
    are kept within [0, 1]. Blocks without requests are left out.
    """
    failed, asked = np.asarray(failures, dtype=np.float64), np.asarray(requests, dtype=np.float64)
    kept = asked > 0
    failed, asked = failed[kept], asked[kept]
    total, bad = float(asked.sum()), float(failed.sum())
    if total == 0:
        raise ValueError("a share needs at least one request")
    pooled = bad / total
    if asked.size >= 2 and 0 < bad < total:
        around = block_interval(failed / asked, level)
        reach = around.half_width
        return Interval(
            pooled,
            max(0.0, pooled - reach),
            min(1.0, pooled + reach),
            around.blocks,
            around.merged,
            around.autocorrelated,
            around.before_merging,
        )
    tail = (1 - level) / 2
    low = 0.0 if bad == 0 else float(betaincinv(bad, total - bad + 1, tail))
    high = 1.0 if bad == total else float(betaincinv(bad + 1, total - bad, 1 - tail))
    return Interval(pooled, low, high, int(asked.size))
