"""How long the history checkers take over a million requests.

    python tests/bench/checkers_speed.py [--requests 1000000] [--repeats 5]

Aim: less than 10 s for all five. The history is made up, but has all that costs time: 200 users with carts of up to
eight items, a log-out and a new log-in now and then, tokens that each write renews, request ids of their own, refused
good credentials, lost writes and used revoked credentials.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import polars as pl
from aims import Aim, main_of, seconds_aim

from authlab.checkers.history import check_history
from authlab.model.faults import FaultEvent

AIM_S = 10.0
USERS = 200
PER_LOGIN = 250
RATE_RPS = 300
NS = 1_000_000_000


def made_history(requests: int, seed: int = 5) -> pl.DataFrame:
    """About so many requests of users who log in, read and fill their carts, and log out, again and again."""
    rng = np.random.default_rng(seed)
    each = requests // USERS
    gap_ns = USERS * NS // RATE_RPS
    place = np.arange(each) % PER_LOGIN
    op = np.full((USERS, each), "me", dtype="U6")
    kind = rng.random((USERS, each))
    op[kind > 0.7] = "cart"
    op[kind > 0.9] = "add"
    op[:, place == 0] = "login"
    op[:, place == PER_LOGIN - 2] = "logout"
    op[:, place == PER_LOGIN - 1] = "me"  # sent after the log-out
    drawn = rng.integers(1, 9, (USERS, each))
    frame = pl.DataFrame(
        {
            "user": np.repeat(np.arange(USERS), each),
            "op": op.ravel(),
            "session": np.tile(np.arange(each) // PER_LOGIN, USERS),
            "sent_ns": (NS + np.arange(each) * gap_ns + rng.integers(0, gap_ns // 2, (USERS, each))).ravel(),
            "drawn": drawn.ravel(),
            "luck": rng.random(USERS * each),
        }
    )
    session = ["user", "session"]
    issues = (pl.col("op") == "login") | (pl.col("op") == "add")
    after = (pl.col("op") == "logout").cum_sum().over(session) - (pl.col("op") == "logout").cast(pl.Int64)
    bad = (
        pl.when(after > 0)
        .then(pl.lit("auth"))
        .otherwise(
            pl.when(pl.col("luck") < 0.002).then(pl.lit("auth")).when(pl.col("luck") < 0.003).then(pl.lit("timeout"))
        )
    )
    frame = frame.with_columns(
        done_ns=pl.col("sent_ns") + 2_000_000,
        outcome=pl.when(issues | (pl.col("luck") > 0.9999)).then(pl.lit("ok")).otherwise(bad.fill_null("ok")),
        item=pl.when(pl.col("op") == "add").then(pl.format("i{}", "drawn")).otherwise(pl.lit("")),
    )
    counts = {
        f"n{k}": ((pl.col("item") == f"i{k}").cum_sum().over(session) - ((pl.col("luck") > 0.9998) if k == 1 else 0))
        for k in range(1, 9)
    }
    entries = [pl.when(pl.col(f"n{k}") > 0).then(pl.format(f"i{k}*{{}}", f"n{k}")) for k in range(1, 9)]
    held = pl.concat_str(entries, separator=" ", ignore_nulls=True)
    shows = ((pl.col("op") == "cart") | (pl.col("op") == "add")) & (pl.col("outcome") == "ok")
    ok = pl.col("outcome") == "ok"
    number = issues.cum_sum().over("user") - issues.cast(pl.Int64)
    issued = pl.when(issues).then("done_ns").shift(1).forward_fill().over("user")
    login = pl.col("op") == "login"
    return (
        frame.with_columns(**counts)
        .with_columns(
            credential=pl.when(login).then(0).otherwise(number),
            issued_ns=pl.when(login).then(0).otherwise(issued),
            expires_ns=pl.lit(0, pl.Int64),
            status=pl.when(ok).then(200).when(pl.col("outcome") == "auth").then(401).otherwise(0),
            worker=pl.when(pl.col("outcome") == "timeout").then(pl.lit("")).otherwise(pl.lit("worker-1")),
            reason=pl.when(ok).then(pl.lit("")).otherwise(pl.lit("unknown_session")),
            request_id=pl.format("5eed5eed-{}", pl.int_range(pl.len())),
            cart=pl.when(shows).then(held).otherwise(pl.lit("")),
        )
        .drop("session", "drawn", "luck", *counts)
        .sort("sent_ns")
    )


def run(requests: int = 1_000_000, repeats: int = 5) -> list[Aim]:
    """Measure, show what each checker found, and return the aim."""
    samples = made_history(requests)
    faults = [FaultEvent("crash-worker", "worker-1", 60 * NS, 61 * NS, "made up")]
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = check_history(samples, faults)
        taken.append(time.perf_counter() - began)
    for checked in found:
        print(f"{checked.name}: {checked.value}, {checked.count:,} of {checked.checked:,}")
    return [seconds_aim(f"history checkers, {samples.height / 1e6:.1f} million requests", AIM_S, taken)]


if __name__ == "__main__":
    sys.exit(main_of(run, __doc__, "Aim: from a history to its violations"))
