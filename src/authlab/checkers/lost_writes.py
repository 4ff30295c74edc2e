"""Where a cart lacks an acknowledged write: compares every answer that shows a cart with the writes before it.

Carts belong to a log-in and never shrink. An answer must therefore show, of each item, at least the quantity that was
acknowledged before the request was sent (and its own, if it is a write). Writes that were under way at the same time,
or are of unknown fate, may or may not be in it. Every linearizable register guarantees this (Herlihy and Wing, 1990).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from authlab.checkers.carts import showed, shown_items, told_written
from authlab.checkers.fate import may_have_happened
from authlab.checkers.logins import LOGIN, count_until

GROUP: Final = (*LOGIN, "item")


def against_writes(numbered: pl.DataFrame) -> pl.DataFrame:
    """One row per answer with a cart and item that its log-in had written, as far as acknowledged.

    `numbered` has log-ins. Columns: `row`, `group` (a number for user, log-in and item), `done_ns`, `seen` of that
    item, and `least` and `most` that the answer could show of it.
    """
    writes = numbered.filter(told_written).select(*GROUP, at="done_ns")
    groups = writes.select(GROUP).unique(maintain_order=True).with_row_index("group")
    items = groups.select("item").unique().with_row_index("code")
    groups = groups.join(items, on="item", how="left", maintain_order="left")
    answers = numbered.filter(showed)
    pairs = answers.select("row", *LOGIN, "sent_ns", "done_ns", own="item").join(groups, on=LOGIN, how="inner")
    tried = numbered.filter((pl.col("item") != "") & may_have_happened).select(*GROUP, at="sent_ns")
    before = count_until(pairs.select("group", at=pl.col("sent_ns") - 1), writes.join(groups, on=GROUP))
    possible = count_until(pairs.select("group", at="done_ns"), tried.join(groups, on=GROUP))
    entry = pl.col("row").cast(pl.Int64) * items.height + pl.col("code")  # answer and item as one number
    shown = shown_items(answers).join(items, on="item").select(entry.alias("entry"), "seen")
    own = (pl.col("own") == pl.col("item")).cast(pl.Int64)
    return (
        pairs.select("row", "group", "done_ns", entry.alias("entry"), least=before + own, most=possible)
        .join(shown, on="entry", how="left")
        .select("row", "group", "done_ns", pl.col("seen").fill_null(0), "least", "most")
    )


def first_shown(compared: pl.DataFrame) -> pl.DataFrame:
    """The rows of `against_writes` that show a loss which no earlier one had shown, and `lost`: how many writes.

    A lost write is missing from every later answer, too, but it was lost once.
    """
    missing = pl.col("least") - pl.col("seen")
    return (
        compared.filter(missing > 0)
        .sort("group", "done_ns", "row")
        .with_columns(missing.cum_max().over("group").alias("missing"))
        .with_columns(lost=pl.col("missing") - pl.col("missing").shift(1, fill_value=0).over("group"))
        .filter(pl.col("lost") > 0)
        .drop("missing")
    )


def surplus(compared: pl.DataFrame) -> int:
    """How many items were shown more often than they can have been written: a write was carried out twice."""
    return compared.filter(pl.col("seen") > pl.col("most"))["group"].n_unique()
