"""An interval for the largest of several estimates, which share their data."""

from __future__ import annotations

from collections.abc import Callable

from authlab.stats.intervals import LEVEL, Interval


def largest(estimate: Callable[[int, float], Interval | None], many: int, level: float = LEVEL) -> Interval | None:
    """The largest of `many` quantities with an interval that holds it with probability `level`, at least.

    `estimate(number, level)` gives one of them with its interval. The upper end is the largest upper end: it can only
    be too low where that of the truly largest quantity is, and needs no correction (Berger 1982, intersection-union
    tests). The lower end is the largest lower end, any of which could be too high: each is therefore taken at the level
    1 − (1 − level)/many (Bonferroni; Dunn 1961). None if one of them could not be measured.
    """
    plain = [estimate(number, level) for number in range(many)]
    strict = [estimate(number, 1 - (1 - level) / many) for number in range(many)]
    if not plain or any(found is None for found in (*plain, *strict)):
        return None
    uppers = [found for found in plain if found is not None]
    lowers = [found for found in strict if found is not None]
    top = max(uppers, key=lambda found: found.value)
    return Interval(
        top.value,
        max(found.low for found in lowers),
        max(found.high for found in uppers),
        top.blocks,
        top.merged,
        any(found.autocorrelated for found in uppers),
        top.before_merging,
    )
