"""How much starts differ: what a start gives a process stays with it, and no number of blocks of that start shows it.

A run has several rounds, each with freshly started workers. The logarithm of a label's quantity in a round is modelled
as label + round + start + noise of the blocks. The start is what these workers got by chance (memory layout, hash
seeds, which core), and it is new in every round.

The residuals of the fit label + round have the mean square s² + w, with (labels − 1)(rounds − 1) degrees of freedom
(two-way layout without replication: Scheffé 1959, section 4.2). Here s² is the variance between starts, and w the
noise of a round's mean, which its blocks show. s² is pooled over all labels: six labels in three rounds give ten
degrees of freedom, where a single pair would give two.

The variance of a comparison then has two parts: c·s², where c depends on the number of starts on both sides, and the
noise of its own paired blocks. The degrees of freedom of the sum are Satterthwaite's (1946, equation 17).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit  # scipy.stats takes most of a second to load

from authlab.stats.intervals import LEVEL, TRIM, Array, Interval, merged_until_independent, trimmed_mean, trimmed_means

Rounds = npt.NDArray[np.int64]
"""The number of the round in which each block was measured."""

LEAST_BLOCKS: Final = 4
"""A round with fewer blocks, such as one that was cut short, shows nothing about starts."""


@dataclass(frozen=True)
class Starts:
    """The variance between starts of one quantity, relative to its value: that of its logarithm.

    `variance` is s² (0 if the residuals are no larger than the blocks' noise). `mean_square` estimates s² + w and has
    `degrees` of freedom.
    """

    variance: float
    mean_square: float
    degrees: int

    @property
    def spread(self) -> float:
        """The standard deviation between starts, as a share of the value (0.02 is 2 %)."""
        return float(np.sqrt(self.variance))


def starts_of(blocks: Mapping[str, Array], rounds: Rounds) -> Starts | None:
    """How much the starts of several labels differ.

    `blocks` has each label's positive value in every block, NaN where it has none; `rounds` has each block's round.
    None if that can't be known: with one label, or with fewer than two rounds of `LEAST_BLOCKS` blocks.

    Mean squares are averages over all pairs of labels, which is the same as the residuals' for means. It also holds for
    the trimmed means that are used here, and the state of the machine, which the labels of a block share, drops out.
    """
    logs = np.array([np.log(np.where(values > 0, values, np.nan)) for values in blocks.values()])
    if len(logs) < 2:
        return None
    whole = np.isfinite(logs).all(axis=0)
    kept = [which for one in np.unique(rounds) if (which := whole & (rounds == one)).sum() >= LEAST_BLOCKS]
    if len(kept) < 2:
        return None
    tops, bases = np.array(list(combinations(range(len(logs)), 2))).T
    cells = [trimmed_means(logs[tops][:, which] - logs[bases][:, which], TRIM) for which in kept]
    mean_square = float(np.var([means for means, _, _ in cells], axis=0, ddof=1).mean() / 2)
    noise = float(np.mean([errors**2 for _, errors, _ in cells]) / 2)
    return Starts(max(0.0, mean_square - noise), mean_square, (len(logs) - 1) * (len(kept) - 1))


def interval_with_starts(
    values: Array, rounds: Rounds, starts: Starts, scale: float, *, trim: float = TRIM, level: float = LEVEL
) -> Interval:
    """The (trimmed) mean of per-block `values` over several rounds, with an interval that knows about starts.

    `scale` says how the variance between starts enters the value of one round: Σ (∂value / ∂log start)². A log-ratio of
    one start to another has 2, to the mean of two starts 1.5; a difference a − b has a² + b². Blocks weigh alike.
    Raises ValueError as `block_interval` does.
    """
    means, sizes = [], []
    centred = np.array(values, dtype=np.float64)
    for one in np.unique(rounds):
        which = rounds == one
        mean = trimmed_mean(centred[which], trim)[0] if which.sum() > 1 else float(centred[which][0])
        centred[which] -= mean
        means.append(mean)
        sizes.append(int(which.sum()))
    weights = np.array(sizes) / centred.size
    noise = merged_until_independent(centred)
    _, error, degrees = trimmed_mean(noise.values, trim)
    # Each round's mean was taken away, which costs a degree of freedom.
    free = max(1, degrees - (len(sizes) - 1))
    within = error**2 * degrees / free
    times = scale * float((weights**2).sum())
    variance = times * starts.variance + within
    reach = float(stdtrit(_degrees(times * starts.mean_square, starts, variance, within, free), 0.5 + level / 2))
    reach *= float(np.sqrt(variance))
    value = float(weights @ np.array(means))
    return Interval(
        value, value - reach, value + reach, noise.values.size, noise.factor, noise.autocorrelated, centred.size
    )


def _degrees(from_starts: float, starts: Starts, variance: float, within: float, free: int) -> float:
    """Satterthwaite's degrees of freedom of the sum. The noise of all labels' blocks has so many that it is known."""
    if variance <= 0 or not starts.variance:
        return float(free)
    return variance**2 / (from_starts**2 / starts.degrees + within**2 / free)


def starts_of_values(values: Array) -> Starts | None:
    """The same from one positive value per label (row) and round (column), such as a tail percentile.

    Nothing shows the noise of such a value. Therefore `variance` is the whole mean square of the residuals. None if
    there are fewer than two labels or rounds, or if a value is missing (NaN).
    """
    labels, rounds = values.shape
    if labels < 2 or rounds < 2 or not (values > 0).all():
        return None
    logs = np.log(values)
    left = logs - logs.mean(axis=0) - logs.mean(axis=1, keepdims=True) + logs.mean()
    degrees = (labels - 1) * (rounds - 1)
    mean_square = float((left**2).sum()) / degrees
    return Starts(mean_square, mean_square, degrees)


def at_least_as_wide(effect: Interval, starts: Starts, scale: float, rounds: int) -> Interval:
    """A bootstrap interval, made as wide as the starts alone make it where that is wider.

    `starts` are those of `starts_of_values`, and `scale` is as in `interval_with_starts`.
    """
    reach = float(stdtrit(starts.degrees, 0.5 + LEVEL / 2)) * float(np.sqrt(scale / rounds * starts.mean_square))
    return replace(effect, low=min(effect.low, effect.value - reach), high=max(effect.high, effect.value + reach))
