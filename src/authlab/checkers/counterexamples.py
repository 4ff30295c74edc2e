"""Counter-examples in words: one request, one fault, one violation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl

from authlab.model.faults import FaultEvent
from authlab.model.history import Event, Lane, Violation

Row = dict[str, Any]

_DOES: Final = {
    "login": "logs in",
    "me": "asks who it is",
    "cart": "reads its cart",
    "logout": "logs out",
    "refresh": "refreshes its credential",
}
_MEANS: Final = {"identity": "in the name of somebody else", "cart": "(not the cart that was written)"}
"""Reasons that only the load gives, not the service."""

_FROM_THE_STORE: Final = "store_unavailable"
"""The reason of a worker's answer when it could not reach its store (services/openapi.yaml)."""


def event_of(row: Row) -> Event:
    """One request as an event of a timeline."""
    return Event(
        _lane(row),
        row["sent_ns"],
        row["done_ns"],
        f"{_asked(row)}: {_answer(row)}",
        row["worker"],
        row["outcome"],
        row["request_id"],
    )


def timeline(rows: Iterable[Row | Event | None]) -> tuple[Event, ...]:
    """Requests and events in order of time. None is left out."""
    events = [row if isinstance(row, Event) else event_of(row) for row in rows if row is not None]
    return tuple(sorted(events, key=lambda event: (event.start_ns, event.end_ns)))


def issue_of(samples: pl.DataFrame, row: Row) -> Row | Event | None:
    """The answer that issued the credential of a request: the one that arrived when the credential was received."""
    if not row["credential"]:
        return None
    given = samples.filter(
        (pl.col("user") == row["user"]) & (pl.col("done_ns") == row["issued_ns"]) & (pl.col("outcome") != "auth")
    )
    if given.height:
        return given.row(0, named=True)
    words = f"user {row['user']} receives credential {row['credential']}"
    return Event("user", row["issued_ns"], row["issued_ns"], words)


def violation(
    checker: str, row: Row, summary: str, rows: Iterable[Row | Event | None], faults: Sequence[FaultEvent]
) -> Violation:
    """The violation that the request `row` proves."""
    return Violation(
        checker=checker,
        user=row["user"],
        credential=row["credential"],
        summary=summary,
        timeline=timeline(rows),
        worker=row["worker"],
        reason=row["reason"],
        fault=fault_before(faults, row["done_ns"]),
    )


def fault_before(faults: Sequence[FaultEvent], at_ns: int) -> str:
    """The fault that had most recently begun at `at_ns`, in words; empty if none had."""
    begun = [fault for fault in faults if fault.start_ns <= at_ns]
    if not begun:
        return ""
    last = max(begun, key=lambda fault: fault.start_ns)
    return f"{last.kind} of {last.target} began {(at_ns - last.start_ns) / 1e9:.3f} s before"


def split_up(violating: pl.DataFrame) -> dict[str, int]:
    """Violations by reason and worker, and how many users they hit."""
    found = {"users": violating["user"].n_unique()}
    for name in ("reason", "worker"):
        sizes = violating.group_by(name).len().sort("len", name, descending=[True, False])
        found |= {f"{name}:{value}": number for value, number in sizes.iter_rows() if value}
    return found


def plural(number: int, noun: str) -> str:
    """ "1 request", "2 requests", "1,000 requests"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _asked(row: Row) -> str:
    op = row["op"]
    does = f"adds {row['item']}" if row["item"] else _DOES.get(op, f"asks for {op}")
    shown = f" with credential {row['credential']}" if row["credential"] else ""
    return f"user {row['user']} {does}{shown}"


def _answer(row: Row) -> str:
    if not row["status"]:
        return f"no answer ({row['reason'] or row['outcome']}); it may or may not have been carried out"
    who = row["worker"] or "the proxy"
    reason = "" if row["reason"].startswith("status_") else _MEANS.get(row["reason"], row["reason"])
    said = f"{who} answers {row['status']} {reason}".rstrip()
    shows_cart = row["item"] or row["op"] == "cart"
    return f"{said}, cart {row['cart'] or 'empty'}" if shows_cart and row["status"] == 200 else said


def _lane(row: Row) -> Lane:
    if row["reason"] == _FROM_THE_STORE:
        return "store"
    if row["worker"]:
        return "workers"
    return "proxy" if row["status"] else "user"
