"""No lost update: every acknowledged write is in the cart. A violation names the lost write and the one over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from authlab.checkers.carts import LONGEST, told_written
from authlab.checkers.counterexamples import Row, plural, split_up, violation
from authlab.checkers.fate import unknown_count
from authlab.checkers.logins import with_logins
from authlab.checkers.lost_writes import against_writes, first_shown, surplus
from authlab.checkers.rules import EXAMPLES, USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Violation

NAME: Final = "no_lost_update"


class Loss(NamedTuple):
    """The lost write, and the one that overwrote it (None if no acknowledged one explains the loss)."""

    gone: Row
    by: Row | None


def no_lost_update(
    samples: pl.DataFrame,
    faults: Sequence[FaultEvent],
    rules: Rules = USUAL,  # noqa: ARG001 - a checker's signature
) -> Checked:
    """Each answer that is first to show a loss is a violation. Both writes, and that answer, prove it."""
    numbered = with_logins(samples)
    compared = against_writes(numbered)
    unclear = numbered.filter(pl.col("item") != "").pipe(unknown_count)
    answers = compared.filter(pl.col("least") > 0)["row"].n_unique()
    if not answers:
        reason = "no answer showed a cart after an acknowledged write, so nothing shows whether one was lost"
        return Checked(NAME, "inconclusive", reason, indeterminate=unclear, reasons=(reason,))
    losses = first_shown(compared)
    extra = {
        "written_twice": surplus(compared),
        "cut_short": numbered.filter(pl.col("cart").str.len_bytes() >= LONGEST).height,
    }
    writes = numbered.select(told_written.sum()).item()
    if losses.is_empty():
        summary = f"all {plural(writes, 'acknowledged write')} were in the {plural(answers, 'cart')} shown after them"
        return Checked(NAME, "passed", summary, answers, unclear, counts=extra)
    lost = int(losses["lost"].sum())
    found = numbered.join(losses.select("row", "group", "least", "seen", "lost"), on="row").sort("done_ns", "group")
    items = numbered.filter(told_written).select("user", "login", "item").unique(maintain_order=True)
    found = found.join(items.with_row_index("group").select("group", missing="item"), on="group", maintain_order="left")
    return Checked(
        NAME,
        "violated",
        f"{lost:,} of {plural(writes, 'acknowledged write')} were lost, of {plural(found['user'].n_unique(), 'user')}",
        answers,
        unclear,
        found.height,
        {"lost_writes": lost, **extra, **split_up(found)},
        tuple(_told(numbered, row, faults) for row in found.head(EXAMPLES).iter_rows(named=True)),
    )


def _told(numbered: pl.DataFrame, row: Row, faults: Sequence[FaultEvent]) -> Violation:
    item = row["missing"]
    same = (pl.col("user") == row["user"]) & (pl.col("login") == row["login"])
    before = (pl.col("done_ns") < row["sent_ns"]) | (pl.col("row") == row["row"])
    writes = numbered.filter(same & before & told_written).sort("done_ns").rows(named=True)
    loss = explain(writes, item, row)
    by = "" if loss.by is None else f": {_named(loss.by)} overwrote it"
    if loss.by is None:
        by = ", and no other acknowledged write explains it"
    summary = (
        f"{_named(loss.gone)} was acknowledged and is lost{by}; {row['worker'] or 'the proxy'} shows {row['seen']} of "
        f"{item} where {row['least']} had been acknowledged"
    )
    events = {event["row"]: event for event in (loss.gone, loss.by, row) if event is not None}
    return violation(NAME, row, summary, events.values(), faults)


def explain(writes: Sequence[Row], item: str, shown: Row) -> Loss:
    """Which write of `item` is lost, and which other one overwrote it: the latest pair that did not see each other.

    `writes` are the log-in's acknowledged writes before the answer `shown`, by time, and `shown` itself if it is one.
    """
    mine = [write for write in reversed(writes) if write["item"] == item]
    for gone in mine:
        for other in reversed(writes):
            if other["row"] != gone["row"] and _overlap(gone, other) and _neither_saw(gone, other):
                return Loss(gone, other)
    earlier = [write for write in mine if write["row"] != shown["row"]]
    if not earlier:
        return Loss(shown, None)
    return Loss(earlier[0], shown if shown["item"] else None)


def _overlap(one: Row, other: Row) -> bool:
    return bool(one["sent_ns"] < other["done_ns"] and other["sent_ns"] < one["done_ns"])


def _neither_saw(one: Row, other: Row) -> bool:
    return not _saw(one, other) and not _saw(other, one)


def _saw(later: Row, earlier: Row) -> bool:
    """Whether the cart in the answer to `later` can contain that of `earlier`."""
    item = earlier["item"]
    own = bool(later["item"] == item)
    return _held(later["cart"], item) >= _held(earlier["cart"], item) + int(own)


def _held(cart: str, item: str) -> int:
    counts = dict(entry.rpartition("*")[::2] for entry in cart.split(" ") if entry)
    number = counts.get(item, "")
    return int(number) if number.isdigit() else 0


def _named(write: Row) -> str:
    when = f"request {write['request_id']}" if write["request_id"] else f"of {write['sent_ns']} ns"
    return f"the write of {write['item']} ({when}, {write['worker'] or 'the proxy'})"
