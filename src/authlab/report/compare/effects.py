"""The size of a difference between two estimates of different runs, with its interval."""

from __future__ import annotations

import math

from authlab.report.estimates import Estimate, finite


def difference(value: Estimate, base: Estimate) -> Estimate | None:
    """`value` − `base` with a 95 % interval, which is unknown where either has none. None where either is unknown.

    Runs share no blocks, so nothing can be paired. The interval is recovered from the two single ones (MOVER:
    Newcombe 1998, method 10; Zou and Donner 2008), which holds for unequal and lop-sided intervals as well.
    """
    if value.value is None or base.value is None:
        return None
    middle = value.value - base.value
    if value.low is None or value.high is None or base.low is None or base.high is None:
        return Estimate(finite(middle))
    down = math.hypot(value.value - value.low, base.high - base.value)
    up = math.hypot(value.high - value.value, base.value - base.low)
    return Estimate(finite(middle), finite(middle - down), finite(middle + up))


def ratio(value: Estimate, base: Estimate) -> Estimate | None:
    """`value` / `base` with a 95 % interval: the difference of their logarithms. None where one isn't positive."""
    logs = [_logarithm(value), _logarithm(base)]
    gap = difference(logs[0], logs[1])
    if gap is None:
        return None
    middle, low, high = (None if end is None else math.exp(end) for end in (gap.value, gap.low, gap.high))
    return Estimate(middle, low, high)


def _logarithm(estimate: Estimate) -> Estimate:
    """The estimate's logarithm, unknown where it isn't positive; so is an interval that reaches down to 0."""
    if not estimate.value or estimate.value <= 0:
        return Estimate(None)
    if estimate.low is None or estimate.high is None or min(estimate.low, estimate.high) <= 0:
        return Estimate(math.log(estimate.value))
    return Estimate(math.log(estimate.value), math.log(estimate.low), math.log(estimate.high))
