"""Two labels of a block table, paired by block: the basis of every ratio and difference between modes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.model.windows import AGAIN
from authlab.stats.intervals import Interval, block_interval, difference_interval, ratio_interval
from authlab.stats.rounds import ROUND
from authlab.stats.starts import Rounds, Starts, interval_with_starts

Array = npt.NDArray[np.float64]


def base_labels(measured: Collection[str], label: str, against: str) -> list[str]:
    """What `label` is compared with: `against`, and its A/A twin if that was measured, too.

    The twin itself is compared with `against` alone: that is the A/A pair.
    """
    twin = against + AGAIN
    return [against, twin] if twin in measured and label != twin else [against]


@dataclass(frozen=True)
class Paired:
    """Per-block values of two labels, in blocks where both have one, with the `requests` of the first.

    Each of the `bases` started on its own; `base` is their geometric mean.
    """

    top: Array
    base: Array
    rounds: Rounds
    requests: int
    bases: int = 1

    def ratio(self, starts: Starts | None) -> Interval:
        """The ratio with its interval, which knows about starts if they are given. At least two blocks are needed."""
        if starts is None:
            return ratio_interval(self.top, self.base)
        logs = np.log(self.top / self.base)
        return interval_with_starts(logs, self.rounds, starts, 1 + 1 / self.bases).map(np.exp)

    def difference(self, starts: Starts | None) -> Interval:
        """The difference with its interval, likewise."""
        if starts is None:
            return difference_interval(self.top, self.base)
        scale = float(self.top.mean()) ** 2 + float(self.base.mean()) ** 2 / self.bases
        return interval_with_starts(self.top - self.base, self.rounds, starts, scale)


def paired(table: pl.DataFrame, quantity: str, label: str, against: str) -> Paired:
    """Per-block values of `quantity` of two labels.

    `table` is a block table (`authlab.stats.blocks.block_table`), with rounds if there are several. Where `against`
    has a twin, its value in a block is the geometric mean of both.
    """
    labels = base_labels(set(table["label"]), label, against)
    if ROUND not in table.columns:
        table = table.with_columns(pl.lit(0, pl.Int64).alias(ROUND))
    top = table.filter((pl.col("label") == label) & (pl.col(quantity) > 0)).select("block", ROUND, quantity, "requests")
    bottom = (
        table.filter(pl.col("label").is_in(labels) & (pl.col(quantity) > 0))
        .group_by("block")
        .agg(pl.col(quantity).log().mean().exp().alias("base"), pl.len().alias("slices"))
        .filter(pl.col("slices") == len(labels))
    )
    both = top.join(bottom, on="block").sort("block")
    values = (both[quantity].to_numpy(), both["base"].to_numpy(), both[ROUND].to_numpy())
    return Paired(*values, int(both["requests"].sum()), len(labels))


def level_of(rows: pl.DataFrame, quantity: str, starts: Starts | None) -> Interval | None:
    """The mean of a `quantity` over the blocks of one label; None with fewer than two blocks."""
    known = rows.filter(pl.col(quantity).is_finite())
    values = known[quantity].to_numpy()
    if values.size < 2:
        return None
    if starts is None:
        return block_interval(values)
    return interval_with_starts(values, known[ROUND].to_numpy(), starts, float(values.mean()) ** 2, trim=0.0)
