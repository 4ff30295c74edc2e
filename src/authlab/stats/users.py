"""Intervals where the unit is the user: in fault experiments each user experiences the fault once per repetition."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv, stdtrit  # scipy.stats takes most of a second to load

from authlab.stats.intervals import LEVEL


def share_of_users(hits: int, users: int) -> tuple[float, float]:
    """Exact two-sided 95 % interval of a share (Clopper and Pearson 1934). Raises `ValueError` without users."""
    if not 0 <= hits <= users or users < 1:
        raise ValueError(f"{hits} of {users} is no share")
    tail = (1 - LEVEL) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, users - hits + 1, tail))
    high = 1.0 if hits == users else float(betaincinv(hits + 1, users - hits, 1 - tail))
    return low, high


def mean_of_users(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's two-sided 95 % interval of the mean over users; None for fewer than two."""
    array = np.asarray(values, dtype=np.float64)
    if array.size < 2:
        return None
    half = float(stdtrit(array.size - 1, (1 + LEVEL) / 2)) * float(array.std(ddof=1)) / math.sqrt(array.size)
    mean = float(array.mean())
    return mean - half, mean + half


def mean_of_counts(counts: Sequence[float]) -> tuple[float, float] | None:
    """The same for whole numbers from 0 on.

    Equal counts have no spread, so Student's interval would have no width. It is then as wide as if as many users as
    the exact bound for n of n allows had differed by one.
    """
    if len(set(counts)) != 1:
        return mean_of_users(counts)
    if len(counts) < 2:
        return None
    unlike = 1 - share_of_users(len(counts), len(counts))[0]
    return max(0.0, counts[0] - unlike), counts[0] + unlike
