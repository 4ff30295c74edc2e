"""Rounds in a block table, and what they say about starts: the basis of intervals that know about starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
import polars as pl

from authlab.stats.intervals import Array
from authlab.stats.percentiles import supported
from authlab.stats.starts import LEAST_BLOCKS, Starts, starts_of, starts_of_values

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

ROUND: Final = "round"


def with_rounds(rows: Frame, ends: Sequence[int]) -> Frame:
    """`rows` with a column `round` (0, 1, …) that follows from their `block`.

    `ends` has the number of the first block after each round; if it is empty, everything was one round.
    """
    later = [(pl.col("block") >= end).cast(pl.Int64) for end in ends[:-1]]
    return rows.with_columns((pl.sum_horizontal(later) if later else pl.lit(0, pl.Int64)).alias(ROUND))


def rounds_known(table: pl.DataFrame) -> int:
    """How many rounds of a block table have blocks enough to show something about starts."""
    if not {"block", ROUND} <= set(table.columns):
        return 0
    blocks = table.group_by(ROUND).agg(pl.col("block").n_unique())
    return int((blocks["block"] >= LEAST_BLOCKS).sum())


def starts_in(table: pl.DataFrame, quantity: str) -> Starts | None:
    """How much starts differ in a `quantity` of a block table; None if the table doesn't know about starts."""
    if rounds_known(table) < 2:
        return None
    rows = table.filter(pl.col(quantity) > 0)
    rounds = rows.select("block", ROUND).unique().sort("block")
    blocks: dict[str, Array] = {}
    for (label,), own in rows.partition_by("label", as_dict=True).items():
        values = rounds.join(own.select("block", quantity), on="block", how="left").sort("block")
        blocks[str(label)] = values[quantity].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return starts_of(blocks, rounds[ROUND].to_numpy())


def tail_starts(answered: Mapping[str, pl.DataFrame], labels: Collection[str], q: float) -> Starts | None:
    """How much starts differ in percentile `q` of `response_ms`, of samples by label with a column `round`.

    Labels that answered too few requests in some round are left out. None if it can't be known from the others.
    """
    known = [rows for label, rows in answered.items() if label in labels]
    numbers = sorted({number for rows in known for number in rows[ROUND].unique().to_list()})
    if len(numbers) < 2:
        return None
    table = []
    for rows in known:
        parts = [rows.filter(pl.col(ROUND) == number)["response_ms"].to_numpy() for number in numbers]
        if all(supported(q, part.size) for part in parts):
            table.append([float(np.percentile(part, q)) for part in parts])
    return starts_of_values(np.array(table)) if table else None
