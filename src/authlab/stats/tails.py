"""Tail percentiles of two modes that were measured in the same blocks: their ratio and their difference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.stats.intervals import Interval
from authlab.stats.percentiles import Pooled, codes, draws_of_blocks, supported
from authlab.stats.starts import Starts, at_least_as_wide


@dataclass(frozen=True)
class TailEffect:
    """A percentile of one mode compared with that of another: `ratio`, and `difference` in the values' unit."""

    ratio: Interval
    difference: Interval
    top: float
    base: float

    def with_starts(self, starts: Starts | None, rounds: int, bases: int) -> TailEffect:
        """The same with intervals that know about the `starts` of this percentile, if they are given.

        It was measured in so many `rounds`, and so many stacks (`bases`) are the base.
        """
        if starts is None:
            return self
        logs = at_least_as_wide(self.ratio.map(np.log), starts, 1 + 1 / bases, rounds)
        gap = at_least_as_wide(self.difference, starts, self.top**2 + self.base**2 / bases, rounds)
        return replace(self, ratio=logs.map(np.exp), difference=gap)


def tail_effect(
    top: pl.DataFrame, base: pl.DataFrame, q: float, rng: np.random.Generator, resamples: int = 400
) -> TailEffect | None:
    """Percentile `q` (0…100) of `response_ms` of `top` against that of `base`, with 95 % bootstrap intervals.

    Blocks are resampled for both sides at once (they are paired) and their requests pooled, on histograms of
    logarithmic bins. None where either side has too few requests beyond the percentile, or they share no two blocks.
    """
    return Base(base, q).against(top, rng, resamples)


class Base:
    """What several modes are compared with, pooled once: see `tail_effect`."""

    def __init__(self, rows: pl.DataFrame, q: float) -> None:
        self._rows, self._q = rows, q
        self._blocks = np.sort(rows["block"].unique().to_numpy())
        self._whole: _Side | None = None

    def against(self, top: pl.DataFrame, rng: np.random.Generator, resamples: int = 400) -> TailEffect | None:
        """The effect of `top`."""
        blocks = np.sort(top["block"].unique().to_numpy())
        shared = np.intersect1d(blocks, self._blocks, assume_unique=True)
        if shared.size < 2:
            return None
        kept = top if shared.size == blocks.size else _within(top, shared)
        if shared.size == self._blocks.size:
            base = self._whole = self._whole or _side(self._rows, self._q)
        else:
            base = _side(_within(self._rows, shared), self._q)
        side = _side(kept, self._q)
        if side is None or base is None:
            return None
        draws = draws_of_blocks(shared.size, resamples, rng)
        (drawn,), (drawn_base,) = (held.pooled.drawn(draws, [self._q]) for held in (side, base))
        return TailEffect(
            _around(side.exact / base.exact, drawn / drawn_base, shared.size),
            _around(side.exact - base.exact, drawn - drawn_base, shared.size),
            side.exact,
            base.exact,
        )


@dataclass(frozen=True)
class _Side:
    exact: float
    pooled: Pooled


def _side(rows: pl.DataFrame, q: float) -> _Side | None:
    if not supported(q, rows.height):
        return None
    values = rows["response_ms"].to_numpy()
    return _Side(float(np.percentile(values, q)), Pooled(values, codes(rows["block"].to_numpy())[0]))


def _within(rows: pl.DataFrame, blocks: npt.NDArray[np.int64]) -> pl.DataFrame:
    return rows.filter(pl.col("block").is_in(blocks.tolist()))


def _around(value: float, drawn: npt.NDArray[np.float64], blocks: int) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    # The middle of a bin may lie beside the exact value. The interval must always contain it.
    return Interval(value, min(float(low), value), max(float(high), value), blocks)
