"""What is known about a request's fate: it was carried out, it was not, or nobody can tell.

An answer is proof. No answer, or one from a proxy or a failing worker, proves nothing: the request may have been
carried out before the connection was cut.
"""

from __future__ import annotations

from typing import Final

import polars as pl

UNKNOWN: Final = ("network", "timeout", "proxy", "server")
"""Outcomes after which a request may or may not have had its effect."""

unknown: Final = pl.col("outcome").is_in(UNKNOWN)

refused: Final = (pl.col("outcome") == "auth") | pl.col("status").is_in([401, 403])
"""The credential was not accepted. In a scenario that expects a refusal the outcome is "ok", but it is a refusal."""

accepted: Final = pl.col("outcome").is_in(["ok", "wrong"]) & pl.col("status").is_between(200, 299)
"""The credential was accepted, whether or not the answer was right."""

acknowledged: Final = accepted & (pl.col("outcome") == "ok")
"""It was carried out, and the client knows."""

may_have_happened: Final = refused.not_() & (pl.col("outcome") != "client")


def unknown_count(samples: pl.DataFrame) -> int:
    """How many requests are of unknown fate."""
    return int(samples.select(unknown.sum()).item() or 0)
