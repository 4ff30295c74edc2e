"""Which log-in a credential belongs to, and when that log-in ended.

A log-in may issue many credentials: each write renews a token that holds a cart. They are valid and are revoked
together. The log-ins of a user are counted from 1. Number 0 means credentials from before the first recorded log-in.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.checkers.fate import acknowledged, may_have_happened
from authlab.checkers.rules import Rules

LOGIN = ("user", "login")


def count_until(marks: pl.DataFrame, events: pl.DataFrame) -> pl.Series:
    """For each row of `marks`: how many `events` of its group have an `at` no later than its own. In marks' order.

    Both have `group`, small numbers from 0 on, and `at`. Moments are replaced by their ranks among the events' moments.
    Group and rank then fit into one number, whatever the clock shows. Bisection counts the sorted numbers.
    """
    moments = np.unique(events["at"].to_numpy())
    width = moments.size + 1

    def key(table: pl.DataFrame) -> npt.NDArray[np.int64]:
        rank = np.searchsorted(moments, table["at"].to_numpy(), side="right")
        return table["group"].to_numpy().astype(np.int64) * width + rank

    known = np.sort(key(events))
    wanted = key(marks)
    started = np.searchsorted(known, wanted - wanted % width)  # ranks of events begin at 1
    return pl.Series("count", np.searchsorted(known, wanted, side="right") - started, dtype=pl.Int64)


def with_logins(samples: pl.DataFrame) -> pl.DataFrame:
    """The samples with a running number (`row`), and `login`: the number of the log-in whose credential was sent.

    For a log-in itself, that is the number of the log-ins before it, which is also the log-in that it may end.
    """
    began = samples.filter((pl.col("op") == "login") & acknowledged).select(group="user", at="done_ns")
    at = pl.when(pl.col("op") == "login").then("sent_ns").otherwise("issued_ns")
    shown = samples.select("user", at=at)
    moments = shown.unique()  # many requests carry the same credential
    moments = moments.with_columns(login=count_until(moments.select("at", group="user"), began))
    logins = shown.join(moments, on=["user", "at"], how="left", maintain_order="left")["login"]
    return samples.with_columns(logins.alias("login")).with_row_index("row")


def ends(numbered: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """One row for each log-in that its user ended, or may have ended. `numbered` is the result of `with_logins`.

    `may_ns`: from when it may have been revoked (a request that could do it was sent). `ended_ns`: from when it
    certainly was (the request was acknowledged). `asked_ns` and `end_row` belong to that request. The last three are
    null if nothing was acknowledged.
    """
    ending = (pl.col("op") == "logout") & (pl.col("credential") > 0)
    if rules.login_ends_session:
        ending |= (pl.col("op") == "login") & (pl.col("login") > 0)
    sure = acknowledged
    first = pl.col("done_ns").filter(sure).arg_min()
    return (
        numbered.filter(ending & may_have_happened)
        .group_by(LOGIN)
        .agg(
            pl.col("sent_ns").min().alias("may_ns"),
            pl.col("done_ns").filter(sure).min().alias("ended_ns"),
            pl.col("sent_ns").filter(sure).get(first, null_on_oob=True).alias("asked_ns"),
            pl.col("row").filter(sure).get(first, null_on_oob=True).alias("end_row"),
        )
    )
