"""Ratio of a tail percentile between two modes that were measured in the same blocks."""

from __future__ import annotations

import numpy as np
import polars as pl

from authlab.stats.percentiles import Resamples, draws_of_blocks, supported


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
    draws = draws_of_blocks(shared.size, resamples, rng)
    exact = [float(np.percentile(values, q)) for values, _ in sides]
    drawn = [Resamples(values, code, draws).percentile(q) for values, code in sides]
    ratio = exact[0] / exact[1]
    low, high = np.percentile(drawn[0] / drawn[1], [2.5, 97.5])
    return ratio, min(float(low), ratio), max(float(high), ratio), int(shared.size)
