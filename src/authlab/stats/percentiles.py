"""Tail percentiles with intervals: blocks are resampled and their requests pooled, tails are never averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_STEP = 1.005
"""Width of a bin of the resampling histogram, as a ratio: intervals are exact to half a per cent."""

BEYOND = 10
"""Requests that must lie beyond a percentile before it is shown."""


@dataclass(frozen=True)
class Percentile:
    """A percentile `q` (0…100) of all requests, in the values' unit, with its interval over blocks."""

    q: float
    value: float
    low: float
    high: float


def supported(q: float, requests: int) -> bool:
    """Whether `requests` leave at least `BEYOND` of them beyond the percentile `q` (0…100)."""
    return requests * (100 - q) / 100 >= BEYOND


def draws_of_blocks(blocks: int, resamples: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """How often each of `blocks` blocks is drawn in each resample: shape (resamples, blocks)."""
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples)


class Resamples:
    """Positive `values` of resampled blocks, pooled: `code` is each value's block, `draws` how often blocks count.

    Kept as histograms of logarithmic bins, so that a million values cost no more than a thousand.
    """

    def __init__(self, values: Array, code: npt.NDArray[np.intp], draws: npt.NDArray[np.int64]) -> None:
        self._floor = float(np.log(values.min()))
        bins = np.floor((np.log(values) - self._floor) / np.log(_STEP)).astype(np.int64)
        # A long tail is mostly empty bins; without them the product below is half as wide.
        filled = np.bincount(bins) > 0
        self._bins = np.flatnonzero(filled)
        width, blocks = self._bins.size, draws.shape[1]
        column = (np.cumsum(filled) - 1)[bins]
        counts = np.bincount(code * width + column, minlength=blocks * width).reshape(blocks, width)
        # Whole numbers below 2²⁴ are exact in 32 bits, at half the price.
        exact = np.float32 if int(draws.max(initial=0)) * values.size < 2**24 else np.float64
        self._running = np.cumsum(draws.astype(exact) @ counts.astype(exact), axis=1, dtype=np.float64)

    def percentiles(self, qs: Sequence[float]) -> Array:
        """Percentiles `qs` (0…100) of each resample, to half a bin: shape (qs, resamples)."""
        wanted = self._running[:, -1:] * (np.asarray(qs) / 100)
        below = np.array([np.searchsorted(row, asked) for row, asked in zip(self._running, wanted, strict=True)])
        index = self._bins[np.minimum(below, self._bins.size - 1)].T
        drawn: Array = np.exp(self._floor + (index + 0.5) * np.log(_STEP))
        return drawn


def block_percentiles(
    values: npt.ArrayLike,
    blocks: npt.ArrayLike,
    qs: Sequence[float],
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
) -> list[Percentile]:
    """Percentiles `qs` of positive `values`, each with a bootstrap interval over `blocks`.

    `blocks` gives each value's block. The values themselves are exact; the intervals come from resampling
    whole blocks and pooling their requests (Efron 1979; blocks as clusters), on histograms of logarithmic bins
    so that a million requests cost no more than a thousand. Percentiles that the number of requests doesn't
    support are left out. With fewer than two blocks the interval is not known: low and high are NaN.
    """
    data = np.asarray(values, dtype=np.float64)
    owner = np.asarray(blocks)
    asked = [q for q in qs if supported(q, data.size)]
    if not asked or data.size == 0:
        return []
    exact = np.percentile(data, asked)
    names, code = np.unique(owner, return_inverse=True)
    if names.size < 2:
        return [Percentile(q, float(x), float("nan"), float("nan")) for q, x in zip(asked, exact, strict=True)]
    drawn = Resamples(np.maximum(data, 1e-9), code, draws_of_blocks(names.size, resamples, rng)).percentiles(asked)
    tail = (1 - level) / 2 * 100
    lows, highs = np.percentile(drawn, [tail, 100 - tail], axis=1)
    # A bin's middle may lie beside the exact value: the interval always holds it.
    return [
        Percentile(q, float(value), min(float(low), float(value)), max(float(high), float(value)))
        for q, value, low, high in zip(asked, exact, lows, highs, strict=True)
    ]
