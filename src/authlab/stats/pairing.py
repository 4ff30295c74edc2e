"""Two labels of a block table, paired by block: the basis of every ratio and difference between modes."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.model.windows import AGAIN

Array = npt.NDArray[np.float64]


def base_labels(measured: Collection[str], label: str, against: str) -> list[str]:
    """What `label` is compared with: both slices of `against` if its A/A twin was measured, too.

    The twin itself is compared with the first slice alone: that is the A/A pair.
    """
    twin = against + AGAIN
    return [against, twin] if twin in measured and label != twin else [against]


def paired(table: pl.DataFrame, quantity: str, label: str, against: str) -> tuple[Array, Array, int]:
    """Per-block values of `quantity` of two labels, in blocks where both have one, and the requests behind them.

    `table` is a block table (`authlab.stats.blocks.block_table`). Where `against` has a twin, its value in a block
    is the geometric mean of both slices.
    """
    labels = base_labels(set(table["label"]), label, against)
    top = table.filter((pl.col("label") == label) & (pl.col(quantity) > 0)).select("block", quantity, "requests")
    bottom = (
        table.filter(pl.col("label").is_in(labels) & (pl.col(quantity) > 0))
        .group_by("block")
        .agg(pl.col(quantity).log().mean().exp().alias("base"), pl.len().alias("slices"))
        .filter(pl.col("slices") == len(labels))
    )
    both = top.join(bottom, on="block").sort("block")
    return both[quantity].to_numpy(), both["base"].to_numpy(), int(both["requests"].sum())
