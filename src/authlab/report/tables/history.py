"""What was done to each arm of a fault stage, what its users got, second by second, and what the checkers found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
import polars as pl

from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Event, Lane, TrialHistory, Violation
from authlab.model.run import Trial
from authlab.model.samples import OUTCOMES
from authlab.model.windows import mode_of
from authlab.report.setups import Setup
from authlab.store.frames import TrialFrames

MOST_EXAMPLES: Final = 3
"""How many counter-examples are shown of an arm, one per violated check."""

_NS: Final = 1_000_000_000


def history_section(
    setup: Setup, frames: Mapping[str, TrialFrames], histories: Mapping[str, TrialHistory]
) -> dict[str, Any]:
    """`arms`: per trial its faults, requests per second by outcome, and checks. Times are seconds after the start of
    that trial's load; a counter-example's `at_s` are too, its events' `from_s` and `to_s` are after its first event.
    """
    place = {label: number for number, label in enumerate(setup.labels)}
    arms = [
        _arm(trial, frames[trial.id], histories.get(trial.id, TrialHistory()))
        for trial in setup.trials
        if trial.id in frames and frames[trial.id].samples.height
    ]
    return {"arms": sorted(arms, key=lambda arm: place.get(arm["label"], len(place)))}


def _arm(trial: Trial, held: TrialFrames, history: TrialHistory) -> dict[str, Any]:
    begin_ns = _begin_ns(held)
    faults = sorted(history.faults, key=lambda fault: fault.start_ns)
    return {
        "label": trial.mode,
        "mode": mode_of(trial.mode),
        "trial": trial.id,
        "faults": [_fault(fault, begin_ns) for fault in faults],
        "seconds": _per_second(held.samples, begin_ns),
        "checks": [_check(check) for check in history.checks],
        "examples": [
            _example(check.violations[0], faults, begin_ns)
            for check in history.checks
            if check.value == "violated" and check.violations
        ][:MOST_EXAMPLES],
    }


def _begin_ns(held: TrialFrames) -> int:
    """When the load began: the log-ins before it are not counted by the second."""
    if held.windows.height:
        return int(held.windows.select(pl.col("start_ns").min()).item())
    return int(held.samples.select(pl.col("sent_ns").filter(pl.col("sent_ns") > 0).min()).item() or 0)


def _fault(fault: FaultEvent, begin_ns: int) -> dict[str, Any]:
    end_s = None if fault.end_ns is None else _after(fault.end_ns, begin_ns)
    return {
        "kind": fault.kind,
        "target": fault.target,
        "start_s": _after(fault.start_ns, begin_ns),
        "end_s": end_s,
        "lasted_s": None if fault.end_ns is None else _after(fault.end_ns, fault.start_ns),
        "proof": fault.proof,
    }


def _per_second(samples: pl.DataFrame, begin_ns: int) -> dict[str, list[int]]:
    """By outcome, how many requests were over in each second after the load's start; outcomes that occur."""
    kept = samples.filter(pl.col("sent_ns") >= begin_ns)
    if kept.is_empty():
        return {}
    second = ((kept.select(pl.max_horizontal("sent_ns", "done_ns")).to_series() - begin_ns) // _NS).to_numpy()
    outcome = kept["outcome"].to_numpy()
    length = int(second.max()) + 1
    known = dict.fromkeys([*OUTCOMES, *kept["outcome"].drop_nulls().unique().sort().to_list()])
    return {
        name: np.bincount(second[outcome == name], minlength=length).tolist()
        for name in known
        if (outcome == name).any()
    }


def _check(check: Checked) -> dict[str, Any]:
    return {
        "name": check.name,
        "value": check.value,
        "summary": check.summary,
        "checked": check.checked,
        "indeterminate": check.indeterminate,
        "count": check.count,
        "counts": dict(check.counts),
        "staleness": None if check.staleness is None else asdict(check.staleness),
        "recoveries": [asdict(recovery) for recovery in check.recoveries],
        "reasons": list(check.reasons),
    }


def _example(violation: Violation, faults: Sequence[FaultEvent], begin_ns: int) -> dict[str, Any]:
    found = _with_fault(violation, faults)
    first_ns = found.timeline[0].start_ns if found.timeline else begin_ns
    return {
        "checker": found.checker,
        "summary": found.summary,
        "user": found.user,
        "credential": found.credential,
        "worker": found.worker,
        "reason": found.reason,
        "fault": found.fault,
        "at_s": _after(first_ns, begin_ns),
        "lines": list(found.lines),
        "events": [
            {
                "lane": event.lane,
                "from_s": _after(event.start_ns, first_ns),
                "to_s": _after(max(event.start_ns, event.end_ns), first_ns),
                "words": event.words,
                "worker": event.worker,
                "outcome": event.outcome,
                "request_id": event.request_id,
                "fault": _is_harm(event),
            }
            for event in found.timeline
        ],
    }


def _after(at_ns: int, begin_ns: int) -> float:
    """Seconds, to the microsecond: more digits would differ from one clock to the next for nothing."""
    return round((at_ns - begin_ns) / _NS, 6)


def _with_fault(violation: Violation, faults: Sequence[FaultEvent]) -> Violation:
    """The violation with the fault that had last begun before its end, for that is what its reader looks for."""
    if not violation.timeline or any(_is_harm(event) for event in violation.timeline):
        return violation
    last_ns = max(event.end_ns for event in violation.timeline)
    begun = [fault for fault in faults if fault.start_ns <= last_ns]
    if not begun:
        return violation
    events = (*violation.timeline, _harm(max(begun, key=lambda fault: fault.start_ns)))
    return replace(violation, timeline=tuple(sorted(events, key=lambda event: (event.start_ns, event.end_ns))))


def _is_harm(event: Event) -> bool:
    """Whether an event is a fault: a request has an id, and what a user merely receives lies in the user's lane."""
    return not event.request_id and not event.outcome and event.lane != "user"


def _harm(fault: FaultEvent) -> Event:
    lane: Lane = "workers"
    if fault.target.startswith(("store", "redis")):
        lane = "store"
    elif fault.target.startswith("proxy"):
        lane = "proxy"
    name = f"{fault.kind} of {fault.target}" if fault.target else fault.kind
    proof = fault.proof or "without proof"
    if fault.end_ns is None:
        return Event(lane, fault.start_ns, fault.start_ns, f"{name} begins ({proof}); it was not seen to end")
    words = f"{name} begins ({proof}); it lasts {(fault.end_ns - fault.start_ns) / _NS:.3f} s"
    return Event(lane, fault.start_ns, fault.end_ns, words)
