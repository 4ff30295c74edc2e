"""What was done to each arm of a stage, what its users got, second by second, and what the checkers found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, Event, Lane, TrialHistory, Violation
from authlab.model.run import Trial
from authlab.model.samples import OUTCOMES
from authlab.store.frames import TrialFrames

MOST_EXAMPLES: Final = 3
"""How many counter-examples are shown of an arm, one per violated check."""

_NS: Final = 1_000_000_000


@dataclass(frozen=True)
class Fault:
    """A fault as it happened, in seconds after the start of the arm's load; without an end it was not seen to end."""

    kind: str
    target: str
    start_s: float
    end_s: float | None
    lasted_s: float | None
    proof: str

    @property
    def name(self) -> str:
        """`crash-worker, worker-2`."""
        return f"{self.kind}, {self.target}" if self.target else self.kind

    @property
    def until_s(self) -> float:
        """Its end, or its start where no end was seen."""
        return self.start_s if self.end_s is None else self.end_s


@dataclass(frozen=True)
class Step:
    """An event of a counter-example, in seconds after its first one. `fault`: it is a fault, not a request."""

    lane: Lane
    from_s: float
    to_s: float
    words: str
    worker: str
    outcome: str
    request_id: str
    fault: bool


@dataclass(frozen=True)
class Example:
    """A counter-example: the fewest events that prove a violation. `at_s` is seconds after the start of the load."""

    checker: str
    summary: str
    user: int
    credential: int
    worker: str
    reason: str
    fault: str
    at_s: float
    lines: tuple[str, ...]
    events: tuple[Step, ...]


@dataclass(frozen=True)
class Arm:
    """One trial: `seconds` are requests by outcome, per second after the load's start in which they were over."""

    label: str
    trial: str
    faults: tuple[Fault, ...]
    seconds: dict[str, tuple[int, ...]]
    checks: tuple[Checked, ...]
    examples: tuple[Example, ...]


def arms_of(
    labels: Sequence[str],
    trials: Sequence[Trial],
    frames: Mapping[str, TrialFrames],
    histories: Mapping[str, TrialHistory],
) -> tuple[Arm, ...]:
    """The arms that have a request, in the order of `labels`."""
    place = {label: number for number, label in enumerate(labels)}
    arms = [
        _arm(trial, frames[trial.id], histories.get(trial.id, TrialHistory()))
        for trial in trials
        if trial.id in frames and frames[trial.id].samples.height
    ]
    return tuple(sorted(arms, key=lambda arm: place.get(arm.label, len(place))))


def _arm(trial: Trial, held: TrialFrames, history: TrialHistory) -> Arm:
    begin_ns = _begin_ns(held)
    faults = sorted(history.faults, key=lambda fault: fault.start_ns)
    shown = [check.violations[0] for check in history.checks if check.value == "violated" and check.violations]
    return Arm(
        trial.mode,
        trial.id,
        tuple(_fault(fault, begin_ns) for fault in faults),
        _per_second(held.samples, begin_ns),
        tuple(replace(check, violations=(), seconds=None) for check in history.checks),
        tuple(_example(violation, faults, begin_ns) for violation in shown[:MOST_EXAMPLES]),
    )


def _begin_ns(held: TrialFrames) -> int:
    """When the load began: the log-ins before it are not counted by the second."""
    if held.windows.height:
        return int(held.windows.select(pl.col("start_ns").min()).item())
    return int(held.samples.select(pl.col("sent_ns").filter(pl.col("sent_ns") > 0).min()).item() or 0)


def _fault(fault: FaultEvent, begin_ns: int) -> Fault:
    ended = fault.end_ns is not None
    return Fault(
        fault.kind,
        fault.target,
        _after(fault.start_ns, begin_ns),
        _after(fault.end_ns, begin_ns) if ended else None,
        _after(fault.end_ns, fault.start_ns) if ended else None,
        fault.proof,
    )


def _per_second(samples: pl.DataFrame, begin_ns: int) -> dict[str, tuple[int, ...]]:
    """By outcome, how many requests were over in each second after the load's start; outcomes that occur."""
    kept = samples.filter(pl.col("sent_ns") >= begin_ns)
    if kept.is_empty():
        return {}
    second = ((kept.select(pl.max_horizontal("sent_ns", "done_ns")).to_series() - begin_ns) // _NS).to_numpy()
    outcome = kept["outcome"].to_numpy()
    length = int(second.max()) + 1
    known = dict.fromkeys([*OUTCOMES, *kept["outcome"].drop_nulls().unique().sort().to_list()])
    return {
        name: tuple(np.bincount(second[outcome == name], minlength=length).tolist())
        for name in known
        if (outcome == name).any()
    }


def _example(violation: Violation, faults: Sequence[FaultEvent], begin_ns: int) -> Example:
    found = _with_fault(violation, faults)
    first_ns = found.timeline[0].start_ns if found.timeline else begin_ns
    return Example(
        found.checker,
        found.summary,
        found.user,
        found.credential,
        found.worker,
        found.reason,
        found.fault,
        _after(first_ns, begin_ns),
        found.lines,
        tuple(
            Step(
                event.lane,
                _after(event.start_ns, first_ns),
                _after(max(event.start_ns, event.end_ns), first_ns),
                event.words,
                event.worker,
                event.outcome,
                event.request_id,
                _is_harm(event),
            )
            for event in found.timeline
        ),
    )


def _after(at_ns: int | None, begin_ns: int) -> float:
    """Seconds, to the microsecond: more digits would differ from one clock to the next for nothing."""
    return round(((at_ns or 0) - begin_ns) / _NS, 6)


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
