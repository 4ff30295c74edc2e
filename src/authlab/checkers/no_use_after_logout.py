"""No use after log-out: no request sent after an acknowledged log-out succeeds. Measures how long it still did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.checkers.counterexamples import Row, plural, split_up, violation
from authlab.checkers.fate import accepted, refused, unknown_count
from authlab.checkers.logins import LOGIN, ends, with_logins
from authlab.checkers.rules import EXAMPLES, USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Staleness, Violation

NAME: Final = "no_use_after_logout"


def late_requests(samples: pl.DataFrame, rules: Rules = USUAL) -> pl.DataFrame:
    """Answered requests that were sent after the end of their log-in had been acknowledged.

    Columns: the samples', `login`, `ended_ns`, `asked_ns`, `end_row` (`authlab.checkers.logins.ends`), and `accepted`.
    """
    numbered = with_logins(samples)
    ended = ends(numbered, rules).filter(pl.col("ended_ns").is_not_null())
    return (
        numbered.filter((pl.col("credential") > 0) & pl.col("op").is_in(rules.public).not_() & (accepted | refused))
        .join(ended, on=LOGIN, how="inner", maintain_order="left")
        .filter(pl.col("sent_ns") > pl.col("ended_ns"))
        .with_columns(accepted=accepted)
    )


def no_use_after_logout(samples: pl.DataFrame, faults: Sequence[FaultEvent], rules: Rules = USUAL) -> Checked:
    """Each such request that succeeds is a violation. The log-out's acknowledgement, and the answer, prove it."""
    late = late_requests(samples, rules)
    unclear = unknown_count(samples)
    if late.is_empty():
        reason = "no credential was used after its log-out was acknowledged, so nothing shows whether it still works"
        return Checked(NAME, "inconclusive", reason, indeterminate=unclear, reasons=(reason,))
    window = staleness(late)
    used = late.filter("accepted").sort("sent_ns")
    if used.is_empty():
        summary = f"all {plural(late.height, 'request')} sent after a log-out were refused"
        return Checked(NAME, "passed", summary, late.height, unclear, staleness=window)
    most = "and was never refused" if window.at_most_ms is None else f"and at most {window.at_most_ms:,.1f} ms"
    return Checked(
        NAME,
        "violated",
        f"{used.height:,} of {plural(late.height, 'request')} sent after a log-out succeeded; a revoked credential "
        f"worked for at least {window.at_least_ms:,.1f} ms {most}",
        late.height,
        unclear,
        used.height,
        {"logins": used.select(LOGIN).n_unique(), **split_up(used)},
        tuple(_told(samples, row, faults) for row in used.head(EXAMPLES).iter_rows(named=True)),
        staleness=window,
    )


def staleness(late: pl.DataFrame) -> Staleness:
    """How long a revoked credential worked, from `late_requests`, which must not be empty."""
    last_ns = pl.col("sent_ns").filter("accepted").max()
    refusals = pl.col("done_ns").filter(pl.col("accepted").not_() & (pl.col("sent_ns") > last_ns.fill_null(0)))
    each = late.group_by(LOGIN).agg(
        (last_ns - pl.col("ended_ns").first()).fill_null(0).alias("least"),
        (refusals.min() - pl.col("asked_ns").first()).alias("most"),
    )
    most = None if each["most"].has_nulls() else each["most"].max()
    least = each["least"].max()
    assert isinstance(least, int)  # noqa: S101 - the column is of whole numbers, and there are rows
    return Staleness(least / 1e6, most / 1e6 if isinstance(most, int) else None)


def _told(samples: pl.DataFrame, row: Row, faults: Sequence[FaultEvent]) -> Violation:
    end = samples.row(row["end_row"], named=True)
    what = "new log-in" if end["op"] == "login" else "log-out"
    stale_ms = (row["sent_ns"] - row["ended_ns"]) / 1e6
    by = row["worker"] or "the proxy"
    summary = (
        f"{by} accepted credential {row['credential']} of user {row['user']} in a request sent {stale_ms:,.1f} ms "
        f"after its {what} was acknowledged"
    )
    return violation(NAME, row, summary, (end, row), faults)
