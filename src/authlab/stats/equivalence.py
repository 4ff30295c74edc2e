"""The A/A pair: the same mode measured twice. It decides what a run could detect."""

from __future__ import annotations

from dataclasses import dataclass

from authlab.stats.intervals import Interval


@dataclass(frozen=True)
class AAResult:
    """The A/A pair's ratio, compared with a margin.

    `passed`: the whole interval lies within [1/(1+margin), 1+margin] (equivalence, Schuirmann 1987: not "no
    significant difference"). `smallest_effect`: the smallest relative effect that this run could detect, which is the
    farther end of the interval from 1.
    """

    ratio: Interval
    margin: float
    passed: bool
    smallest_effect: float


def smallest_effect(low: float, high: float) -> float:
    """The smallest relative effect that a run with this A/A interval can detect: the interval's farther end from 1."""
    return max(high, 1 / low) - 1


def judge_aa(ratio: Interval, margin: float) -> AAResult:
    """Test the A/A pair for equivalence within `margin` (0.05 is 5 %)."""
    farthest = smallest_effect(ratio.low, ratio.high)
    return AAResult(ratio, margin, farthest <= margin, farthest)
