"""No spurious log-out: a credential that was issued, and is neither expired nor revoked, is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.checkers.counterexamples import Row, issue_of, plural, split_up, violation
from authlab.checkers.fate import accepted, unknown_count
from authlab.checkers.logins import LOGIN, ends, with_logins
from authlab.checkers.rules import EXAMPLES, USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Violation

NAME: Final = "no_spurious_logout"

_unexpected: Final = pl.col("outcome") == "auth"  # a refusal that the scenario asked for is "ok"


def good_requests(samples: pl.DataFrame, rules: Rules = USUAL) -> pl.DataFrame:
    """Requests that had to be accepted, and were answered: the samples' columns, `login` and `refused`.

    Their credential can neither have expired nor been revoked by the time of the answer. A log-out of unknown fate may
    have revoked it, so requests after such a log-out are not included.
    """
    numbered = with_logins(samples)
    return (
        numbered.filter((pl.col("credential") > 0) & (pl.col("op") != "login") & (accepted | _unexpected))
        .join(ends(numbered, rules), on=LOGIN, how="left", maintain_order="left")
        .filter(rules.unexpired & (pl.col("may_ns").is_null() | (pl.col("done_ns") < pl.col("may_ns"))))
        .with_columns(refused=_unexpected)
    )


def no_spurious_logout(samples: pl.DataFrame, faults: Sequence[FaultEvent], rules: Rules = USUAL) -> Checked:
    """Each refusal of a good credential is a violation. The answer that issued it, and the refusal, prove it."""
    good = good_requests(samples, rules)
    unclear = unknown_count(samples)
    if good.is_empty():
        reason = "no request with a good credential was answered, so nothing shows whether one is accepted"
        return Checked(NAME, "inconclusive", reason, indeterminate=unclear, reasons=(reason,))
    refusals = good.filter("refused").sort("done_ns")
    if refusals.is_empty():
        summary = f"all {plural(good.height, 'request')} with a good credential were accepted"
        return Checked(NAME, "passed", summary, good.height, unclear)
    hit = refusals.select(LOGIN).n_unique()
    return Checked(
        NAME,
        "violated",
        f"{refusals.height:,} of {plural(good.height, 'request')} with a good credential were refused, "
        f"in {plural(hit, 'log-in')} of {plural(refusals['user'].n_unique(), 'user')}",
        good.height,
        unclear,
        refusals.height,
        {"logins": hit, **split_up(refusals)},
        tuple(_told(samples, row, faults) for row in refusals.head(EXAMPLES).iter_rows(named=True)),
    )


def _told(samples: pl.DataFrame, row: Row, faults: Sequence[FaultEvent]) -> Violation:
    age_s = (row["done_ns"] - row["issued_ns"]) / 1e9
    by = row["worker"] or "the proxy"
    why = f" ({row['reason']})" if row["reason"] else ""
    summary = (
        f"{by} refused user {row['user']}{why} {age_s:.3f} s after credential {row['credential']} was issued, "
        "though it had neither expired nor been revoked"
    )
    return violation(NAME, row, summary, (issue_of(samples, row), row), faults)
