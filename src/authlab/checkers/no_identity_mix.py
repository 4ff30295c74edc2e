"""No identity mix: an answer always belongs to the user who asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.checkers.carts import showed, shown_items
from authlab.checkers.counterexamples import Row, issue_of, plural, split_up, violation
from authlab.checkers.fate import accepted, unknown_count
from authlab.checkers.rules import EXAMPLES, USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Violation

NAME: Final = "no_identity_mix"


def mixed_up(samples: pl.DataFrame) -> pl.DataFrame:
    """Answers that belong to another user: the samples' columns, and `foreign`, an item that proves it, or "".

    Either the answer named another user (the load compared it), or its cart holds an item that its user sent in no
    request of the whole history, of whatever fate.
    """
    numbered = samples.with_row_index("row")
    own = samples.filter(pl.col("item") != "").select("user", "item").unique()
    shown = shown_items(numbered.filter(showed))
    strange = (
        shown.join(own, on=["user", "item"], how="anti").group_by("row").agg(pl.col("item").min().alias("foreign"))
    )
    named = (pl.col("outcome") == "wrong") & (pl.col("reason") == "identity")
    return (
        numbered.join(strange, on="row", how="left", maintain_order="left")
        .filter(named | pl.col("foreign").is_not_null())
        .with_columns(pl.col("foreign").fill_null(""))
    )


def no_identity_mix(
    samples: pl.DataFrame,
    faults: Sequence[FaultEvent],
    rules: Rules = USUAL,  # noqa: ARG001 - a checker's signature
) -> Checked:
    """Each such answer is a violation. The answer that issued the credential, and the wrong answer, prove it."""
    answers = samples.select(accepted.sum()).item() or 0
    unclear = unknown_count(samples)
    if not answers:
        reason = "no request was accepted, so no answer shows whose data it has"
        return Checked(NAME, "inconclusive", reason, indeterminate=unclear, reasons=(reason,))
    mixed = mixed_up(samples).sort("done_ns")
    if mixed.is_empty():
        summary = f"all {plural(answers, 'answer')} belonged to the user who asked"
        return Checked(NAME, "passed", summary, answers, unclear)
    return Checked(
        NAME,
        "violated",
        f"{mixed.height:,} of {plural(answers, 'answer')} belonged to somebody else",
        answers,
        unclear,
        mixed.height,
        split_up(mixed),
        tuple(_told(samples, row, faults) for row in mixed.head(EXAMPLES).iter_rows(named=True)),
    )


def _told(samples: pl.DataFrame, row: Row, faults: Sequence[FaultEvent]) -> Violation:
    by = row["worker"] or "the proxy"
    what = f"the cart of somebody else: it holds {row['foreign']}, which user {row['user']} never added"
    if not row["foreign"]:
        what = "the name of somebody else"
    return violation(NAME, row, f"{by} answered user {row['user']} with {what}", (issue_of(samples, row), row), faults)
