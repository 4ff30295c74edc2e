"""Which users were logged out, bound to a worker, or active within some time, from an arm's samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import polars as pl

from authlab.checkers.fate import accepted
from authlab.checkers.no_spurious_logout import good_requests
from authlab.checkers.rules import USUAL, Rules
from authlab.model.faults import FaultEvent

_NOT_A_LOGIN: Final = pl.col("op") != "login"


def logouts(samples: pl.DataFrame, rules: Rules = USUAL) -> pl.DataFrame:
    """One row per log-in that was refused although nobody had ended it.

    Columns: `user`, `at_ns` of the first refusal, and `worker` and `reason` of that answer.
    """
    refused = good_requests(samples, rules).filter("refused").sort("done_ns")
    return refused.group_by("user", "login", maintain_order=True).agg(
        pl.col("done_ns").first().alias("at_ns"), pl.col("worker").first(), pl.col("reason").first()
    )


def logouts_per_user(samples: pl.DataFrame, users: Iterable[int], rules: Rules = USUAL) -> dict[int, int]:
    """How many times each of the `users` was logged out."""
    counted = Counter(logouts(samples, rules)["user"].to_list())
    return {user: counted.get(user, 0) for user in users}


def all_users(samples: pl.DataFrame) -> set[int]:
    """All users who sent a request other than a log-in."""
    return set(samples.filter(_NOT_A_LOGIN)["user"].unique().to_list())


def bound_to(samples: pl.DataFrame, worker: str, at_ns: int) -> set[int]:
    """The users whose last accepted request before `at_ns` was answered by `worker`, which holds their session."""
    before = samples.filter(accepted & (pl.col("done_ns") < at_ns) & (pl.col("worker") != "")).sort("done_ns")
    last = before.group_by("user").agg(pl.col("worker").last())
    return set(last.filter(pl.col("worker") == worker)["user"].to_list())


def asked_between(samples: pl.DataFrame, from_ns: int, to_ns: int) -> set[int]:
    """The users who sent a request other than a log-in within that time."""
    sent = pl.col("sent_ns")
    rows = samples.filter(_NOT_A_LOGIN & (sent >= from_ns) & (sent < to_ns))
    return set(rows["user"].unique().to_list())


def asked_after(samples: pl.DataFrame, fault: FaultEvent) -> set[int]:
    """The users who sent a request after the fault was over. The others can't have noticed it and prove nothing."""
    return asked_between(samples, ended(fault), 2**62)


def ended(fault: FaultEvent) -> int:
    """When the fault ended; its start if no end was observed, which puts the trial in doubt."""
    return fault.start_ns if fault.end_ns is None else fault.end_ns
