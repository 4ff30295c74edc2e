"""Where a cart lacks what was acknowledged: every answer that shows a cart held against the writes before it.

Carts belong to a log-in and never shrink. So an answer must show, of each item, at least as many as were acknowledged
before it was asked for (and its own, if it is a write). Writes that were under way meanwhile, or are of unknown fate,
may be in it or not. This is what any linearizable register owes to its readers (Herlihy and Wing, 1990).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from authlab.checkers.carts import showed, shown_items, told_written
from authlab.checkers.fate import may_have_happened
from authlab.checkers.logins import LOGIN, count_until

GROUP: Final = (*LOGIN, "item")


def against_writes(numbered: pl.DataFrame) -> pl.DataFrame:
    """One row per answer that showed a cart and item that its log-in was told was written; `numbered` has log-ins.

    `row`, `group` (a number for user, log-in and item), `done_ns`, `seen` of that item, `least` and `most` that the
    answer could show of it.
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
    """Of `against_writes`, the answers that show a loss that none before them had shown, and `lost`: how many writes.

    A lost write is missing from every later answer too, but it was lost once.
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
    """How many items of log-ins were shown more often than they can have been written: a write was done twice."""
    return compared.filter(pl.col("seen") > pl.col("most"))["group"].n_unique()
