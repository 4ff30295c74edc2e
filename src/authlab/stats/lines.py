"""The slope of a straight line through means that were measured in several rounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit  # scipy.stats takes most of a second to load

from authlab.stats.intervals import LEVEL, Interval

Array = npt.NDArray[np.float64]


def slope_over_rounds(x: Array, y: Array, level: float = LEVEL) -> Interval:
    """Slope of `y` over `x` by least squares, with Student's interval (Draper and Smith 1998, section 1.4).

    `y` has a row per round and a column per value of `x`. Each round has a level of its own, because the machine is
    faster in one than in another; all have the slope in common. The unit is a mean, never a request or a block. What
    keeps the means off the line is therefore all that a start does to a process, and the interval knows about it, even
    with a single round. Raises ValueError if fewer than two degrees of freedom would be left, or if all `x` are equal.
    """
    rounds, points = y.shape
    degrees = rounds * points - rounds - 1
    centred = x - x.mean()
    spread = rounds * float(centred @ centred)
    if degrees < 2 or spread == 0.0:
        raise ValueError(f"{rounds} × {points} means at {len(set(x.tolist()))} places do not make a line")
    heights = y - y.mean(axis=1, keepdims=True)
    slope = float((heights * centred).sum()) / spread
    residuals = heights - slope * centred
    error = float(np.sqrt((residuals**2).sum() / degrees / spread))
    reach = float(stdtrit(degrees, 0.5 + level / 2)) * error
    return Interval(slope, slope - reach, slope + reach, rounds * points)
