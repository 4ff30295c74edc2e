"""Availability: failures per second by outcome, how soon a fault caused failures, and how soon after its end they
stopped.

Here a time-out is a failure, even though the fate of its request is unknown: its user got nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from authlab.checkers.counterexamples import plural, timeline
from authlab.checkers.fate import unknown_count
from authlab.checkers.rules import USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Event, Lane, Recovery, Seconds, Violation
from authlab.model.samples import OUTCOMES

NAME: Final = "availability"
_NS: Final = 1_000_000_000
_failed: Final = pl.col("outcome") != "ok"


def availability(
    samples: pl.DataFrame,
    faults: Sequence[FaultEvent],
    rules: Rules = USUAL,
) -> Checked:
    """Measures. A violation is a fault after whose end nothing succeeded any more.

    A credential that is refused because it has expired says nothing about a fault.
    """
    sent = samples.filter(pl.col("sent_ns") > 0).with_columns(at=pl.max_horizontal("sent_ns", "done_ns"))
    if sent.is_empty():
        reason = "no request was sent, so nothing shows whether one would have been served"
        return Checked(NAME, "inconclusive", reason, reasons=(reason,))
    failures = sent.filter(_failed).height
    telling = sent.filter((pl.col("outcome") != "auth") | rules.unexpired)
    found = [(fault, *_recovery(telling, fault, until)) for fault, until in _spans(faults)]
    stuck = tuple(_told(fault, last) for fault, _, last in found if last)
    reasons = (
        *_doubts(sent, faults),
        *(_unfinished(one) for fault, one, last in found if not last and _goes_on(fault, one)),
    )
    summary = f"{failures:,} of {plural(sent.height, 'request')} failed"
    if stuck:
        summary += f"; after the end of {plural(len(stuck), 'fault')} nothing succeeded any more"
    sizes = dict(sent.group_by("outcome").len().sort("outcome").iter_rows())
    return Checked(
        NAME,
        "violated" if stuck else "inconclusive" if reasons else "passed",
        summary,
        sent.height,
        unknown_count(sent),
        len(stuck),
        sizes,
        stuck,
        recoveries=tuple(recovery for _, recovery, _ in found),
        seconds=per_second(sent),
        reasons=reasons,
    )


def per_second(sent: pl.DataFrame) -> Seconds:
    """Requests per second in which they ended (`at`), for each outcome that occurs."""
    origin_ns = int(sent.select(pl.col("sent_ns").min()).item())
    second = ((sent["at"] - origin_ns) // _NS).to_numpy()
    outcome = sent["outcome"].to_numpy()
    length = int(second.max()) + 1
    counts = {
        name: tuple(np.bincount(second[outcome == name], minlength=length).tolist())
        for name in OUTCOMES
        if (outcome == name).any()
    }
    return Seconds(origin_ns, counts)


def _spans(faults: Sequence[FaultEvent]) -> Iterator[tuple[FaultEvent, int | None]]:
    """Each fault, and when the next one began."""
    ordered = sorted(faults, key=lambda fault: fault.start_ns)
    for fault in ordered:
        later = [other.start_ns for other in ordered if other.start_ns > fault.start_ns]
        yield fault, min(later, default=None)


def _recovery(sent: pl.DataFrame, fault: FaultEvent, until_ns: int | None) -> tuple[Recovery, dict[str, object] | None]:
    """What the fault caused; and the last failure, if only failures came after the fault's end."""
    span = sent.filter(pl.col("at") >= fault.start_ns)
    if until_ns is not None:
        span = span.filter(pl.col("at") < until_ns)
    failed = span.filter(_failed).sort("at")
    before = sent.filter((pl.col("at") < fault.start_ns) & _failed).height
    if failed.is_empty():
        calm = 0.0 if span.height and fault.end_ns is not None else None
        return Recovery(fault.kind, fault.target, 0, before, None, calm), None
    first_ns, last_ns = int(failed["at"][0]), int(failed["at"][-1])
    served = bool(span.select(((pl.col("sent_ns") > last_ns) & _failed.not_()).any()).item())
    after_s = None if fault.end_ns is None or not served else max(0.0, (last_ns - fault.end_ns) / _NS)
    recovery = Recovery(fault.kind, fault.target, failed.height, before, (first_ns - fault.start_ns) / _NS, after_s)
    after = span.filter(pl.col("at") > fault.end_ns) if fault.end_ns is not None else span.clear()
    dead = after.height > 0 and bool(after.select(_failed.all()).item())
    return recovery, failed.row(-1, named=True) if dead else None


def _goes_on(fault: FaultEvent, one: Recovery) -> bool:
    return fault.end_ns is not None and one.failures > 0 and one.to_recovery_s is None


def _unfinished(one: Recovery) -> str:
    return f"requests still failed at the end of the record of {one.kind} of {one.target} (the next fault, or the end)"


def _doubts(sent: pl.DataFrame, faults: Sequence[FaultEvent]) -> Iterator[str]:
    last_ns = int(sent.select(pl.col("at").max()).item())
    for fault in faults:
        if not fault.proven:
            yield f"nothing proves that {fault.kind} of {fault.target} took effect"
        if fault.end_ns is None:
            yield f"{fault.kind} of {fault.target} was not seen to end"
        elif last_ns < fault.end_ns:
            yield f"no request ended after the end of {fault.kind} of {fault.target}: the load ended too early"


def _told(fault: FaultEvent, last: dict[str, object]) -> Violation:
    end = "was not seen to end" if fault.end_ns is None else f"lasted {(fault.end_ns - fault.start_ns) / _NS:.3f} s"
    harm = Event(
        _lane(fault.target),
        fault.start_ns,
        fault.start_ns if fault.end_ns is None else fault.end_ns,
        f"{fault.kind} of {fault.target} begins ({fault.proof or 'without proof'}); it {end}",
    )
    return Violation(
        checker=NAME,
        user=-1,
        credential=0,
        summary=f"after {fault.kind} of {fault.target} the service did not recover",
        timeline=timeline((harm, last)),
        worker=str(last["worker"]),
        reason=str(last["reason"]),
        fault=f"{fault.kind} of {fault.target}",
    )


def _lane(target: str) -> Lane:
    return "store" if target == "store" else "workers"
