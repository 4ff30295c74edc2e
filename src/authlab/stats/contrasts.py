"""Comparisons of more than two labels of a block table: weighted sums of logarithms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from authlab.stats.intervals import LEVEL, TRIM, Interval, block_interval
from authlab.stats.rounds import ROUND
from authlab.stats.starts import Starts, interval_with_starts


def contrast(
    table: pl.DataFrame, quantity: str, weights: Mapping[str, float], starts: Starts | None, level: float = LEVEL
) -> Interval | None:
    """The weighted sum of the logarithms of several labels' per-block `quantity`, over blocks in which all have one.

    The weights add up to 0, so that what the labels of a block share drops out. {"a": 1, "b": -1} is the logarithm of
    the ratio of a to b. The interval knows about `starts` if they are given. None with fewer than two such blocks.
    """
    rows = table.filter(pl.col("label").is_in(list(weights)) & (pl.col(quantity) > 0))
    wide = rows.pivot("label", index=["block", ROUND], values=quantity).sort("block")
    if not set(weights) <= set(wide.columns):
        return None
    whole = wide.drop_nulls(list(weights))
    if whole.height < 2:
        return None
    values = np.log(whole.select(list(weights)).to_numpy()) @ np.array(list(weights.values()))
    if starts is None:
        return block_interval(values, level, TRIM)
    scale = sum(weight**2 for weight in weights.values())
    return interval_with_starts(values, whole[ROUND].to_numpy(), starts, scale, level=level)
