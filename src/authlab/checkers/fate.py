"""What is known of a request's fate: it happened, it did not, or nobody can tell.

An answer is proof. No answer, or one that a proxy or a failing worker made, is proof of nothing: the request may
have been carried out before the connection was cut.
"""

from __future__ import annotations

from typing import Final

import polars as pl

UNKNOWN: Final = ("network", "timeout", "proxy", "server")
"""Outcomes after which a request may or may not have had its effect."""

unknown: Final = pl.col("outcome").is_in(UNKNOWN)

refused: Final = (pl.col("outcome") == "auth") | pl.col("status").is_in([401, 403])
"""The credential was not taken. To a scenario that expects a refusal it is "ok", and a refusal all the same."""

accepted: Final = pl.col("outcome").is_in(["ok", "wrong"]) & pl.col("status").is_between(200, 299)
"""The credential was taken, whatever the answer was worth."""

acknowledged: Final = accepted & (pl.col("outcome") == "ok")
"""It happened, and whoever asked was told so."""

may_have_happened: Final = refused.not_() & (pl.col("outcome") != "client")


def unknown_count(samples: pl.DataFrame) -> int:
    """How many requests are of unknown fate."""
    return int(samples.select(unknown.sum()).item() or 0)
