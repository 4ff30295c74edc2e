"""Tail percentiles of two modes that were measured in the same blocks: their ratio and their difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.stats.intervals import Interval
from authlab.stats.percentiles import Resamples, draws_of_blocks, supported


@dataclass(frozen=True)
class TailEffect:
    """How a percentile of one mode stands to that of another: `ratio`, and `difference` in the values' unit."""

    ratio: Interval
    difference: Interval


def tail_effect(
    top: pl.DataFrame, base: pl.DataFrame, q: float, rng: np.random.Generator, resamples: int = 400
) -> TailEffect | None:
    """Percentile `q` (0…100) of `response_ms` of `top` against that of `base`, with 95 % bootstrap intervals.

    Blocks are resampled for both sides at once (they are paired) and their requests pooled, on histograms of
    logarithmic bins. None where either side has too few requests beyond the percentile, or they share no two blocks.
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
    drawn = [Resamples(values, code, draws).percentiles([q])[0] for values, code in sides]
    return TailEffect(
        _around(exact[0] / exact[1], drawn[0] / drawn[1], shared.size),
        _around(exact[0] - exact[1], drawn[0] - drawn[1], shared.size),
    )


def _around(value: float, drawn: npt.NDArray[np.float64], blocks: int) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    # A bin's middle may lie beside the exact value: the interval always holds it.
    return Interval(value, min(float(low), value), max(float(high), value), blocks)
