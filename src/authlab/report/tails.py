"""Ratio of a tail percentile between two modes that were measured in the same blocks."""

from __future__ import annotations

import numpy as np
import polars as pl

from authlab.stats.percentiles import supported

_STEP = 1.005


def tail_ratio(
    top: pl.DataFrame, base: pl.DataFrame, q: float, rng: np.random.Generator, resamples: int = 400
) -> tuple[float, float, float, int] | None:
    """Ratio of percentile `q` of `response_ms`, with a 95 % bootstrap interval, and the number of blocks.

    Blocks are resampled for both sides at once (they are paired) and their requests pooled, on histograms of
    logarithmic bins. None where either side has too few requests beyond the percentile or shares no two blocks.
    """
    shared = np.intersect1d(top["block"].unique().to_numpy(), base["block"].unique().to_numpy())
    if shared.size < 2:
        return None
    sides = []
    for rows in (top, base):
        kept = rows.filter(pl.col("block").is_in(shared.tolist()))
        if not supported(q, kept.height):
            return None
        sides.append((kept["response_ms"].to_numpy(), np.searchsorted(shared, kept["block"].to_numpy())))
    weights = rng.multinomial(shared.size, np.full(shared.size, 1 / shared.size), size=resamples)
    exact = [float(np.percentile(values, q)) for values, _ in sides]
    drawn = [_resampled(values, code, weights, q) for values, code in sides]
    ratio = exact[0] / exact[1]
    low, high = np.percentile(drawn[0] / drawn[1], [2.5, 97.5])
    return ratio, min(float(low), ratio), max(float(high), ratio), int(shared.size)


def _resampled(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    code: np.ndarray[tuple[int], np.dtype[np.intp]],
    weights: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    q: float,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The percentile in each resample (rows of `weights`: how often each block was drawn)."""
    floor = float(np.log(values.min()))
    bins = np.floor((np.log(values) - floor) / np.log(_STEP)).astype(np.int64)
    width = int(bins.max()) + 1
    blocks = weights.shape[1]
    counts = np.bincount(code * width + bins, minlength=blocks * width).reshape(blocks, width)
    running = np.cumsum(weights.astype(np.float64) @ counts.astype(np.float64), axis=1)
    index = np.minimum((running < running[:, -1:] * (q / 100)).sum(axis=1), width - 1)
    drawn: np.ndarray[tuple[int], np.dtype[np.float64]] = np.exp(floor + (index + 0.5) * np.log(_STEP))
    return drawn
