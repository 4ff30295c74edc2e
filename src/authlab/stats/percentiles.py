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


def codes(blocks: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], int]:
    """Whole numbers of blocks as their ranks 0, 1, …, and how many there are. Counting is faster than sorting."""
    owner = np.asarray(blocks, dtype=np.int64)
    owner = owner - owner.min()
    seen = np.bincount(owner) > 0
    return (np.cumsum(seen) - 1)[owner], int(seen.sum())


class Pooled:
    """Positive `values` of blocks, `code` being each value's block, ready to be drawn from block by block.

    Kept as histograms of logarithmic bins, so that a million values cost no more than a thousand.
    """

    def __init__(self, values: Array, code: npt.NDArray[np.int64]) -> None:
        self._floor, self._requests = float(np.log(values.min())), values.size
        bins = np.floor((np.log(values) - self._floor) / np.log(_STEP)).astype(np.int64)
        # A long tail is mostly empty bins. Without them the product of a draw is half as wide.
        filled = np.bincount(bins) > 0
        self._bins = np.flatnonzero(filled)
        width, blocks = self._bins.size, int(code.max()) + 1
        column = (np.cumsum(filled) - 1)[bins]
        self._counts = np.bincount(code * width + column, minlength=blocks * width).reshape(blocks, width)

    def drawn(self, draws: npt.NDArray[np.int64], qs: Sequence[float]) -> Array:
        """Percentiles `qs` (0…100) of each resample, to half a bin: shape (qs, resamples).

        `draws` says how often each block counts: see `draws_of_blocks`.
        """
        # Whole numbers below 2²⁴ are exact in 32 bits, at half the price.
        exact = np.float32 if int(draws.max(initial=0)) * self._requests < 2**24 else np.float64
        running = np.cumsum(draws.astype(exact) @ self._counts.astype(exact), axis=1, dtype=np.float64)
        wanted = running[:, -1:] * (np.asarray(qs) / 100)
        below = np.array([np.searchsorted(row, asked) for row, asked in zip(running, wanted, strict=True)])
        index = self._bins[np.minimum(below, self._bins.size - 1)].T
        values: Array = np.exp(self._floor + (index + 0.5) * np.log(_STEP))
        return values


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

    `blocks` gives each value's block. The values themselves are exact. The intervals come from resampling whole blocks
    and pooling their requests (Efron 1979; blocks as clusters), on histograms of logarithmic bins, so that a million
    requests cost no more than a thousand. Percentiles with too few requests beyond them are left out. With fewer than
    two blocks the interval is unknown: low and high are NaN.
    """
    data = np.asarray(values, dtype=np.float64)
    asked = [q for q in qs if supported(q, data.size)]
    if not asked or data.size == 0:
        return []
    exact = np.percentile(data, asked)
    code, count = codes(blocks)
    if count < 2:
        return [Percentile(q, float(x), float("nan"), float("nan")) for q, x in zip(asked, exact, strict=True)]
    drawn = Pooled(np.maximum(data, 1e-9), code).drawn(draws_of_blocks(count, resamples, rng), asked)
    tail = (1 - level) / 2 * 100
    lows, highs = np.percentile(drawn, [tail, 100 - tail], axis=1)
    # The middle of a bin may lie beside the exact value. The interval must always contain it.
    return [
        Percentile(q, float(value), min(float(low), float(value)), max(float(high), float(value)))
        for q, value, low, high in zip(asked, exact, lows, highs, strict=True)
    ]
