"""The carts that answers showed, as numbers."""

from __future__ import annotations

from typing import Final

import polars as pl

LONGEST: Final = 200
"""The recorder cuts texts at this length (loadtests/lab_load/outcome.py). A cart that long may lack items."""

_written: Final = pl.col("item") != ""
_wrong_cart: Final = (pl.col("outcome") == "wrong") & pl.col("reason").is_in(["cart", "no_cart"])

told_written: Final = _written & ((pl.col("outcome") == "ok") | _wrong_cart)
"""Writes that were answered with 200. An answer with a wrong cart or none acknowledged the write, too."""

showed: Final = (
    (_written | (pl.col("op") == "cart"))
    & ((pl.col("outcome") == "ok") | ((pl.col("outcome") == "wrong") & (pl.col("reason") == "cart")))
    & (pl.col("cart").str.len_bytes() < LONGEST)
)
"""Answers that showed the whole cart. An empty text is an empty cart."""


def shown_items(answers: pl.DataFrame) -> pl.DataFrame:
    """One row per answer and item in it: `row`, `user`, `item`, `seen` (the quantity). Needs `row`."""
    entries = (
        answers.filter(pl.col("cart") != "")
        .select("row", "user", entry=pl.col("cart").str.split(" "))
        .explode("entry")
        .with_columns(pl.col("entry").str.split_exact("*", 1).struct.rename_fields(["item", "seen"]))
        .unnest("entry")
    )
    return entries.with_columns(pl.col("seen").cast(pl.Int64, strict=False)).filter(pl.col("seen") > 0)
