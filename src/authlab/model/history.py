"""What a history checker found in a trial: its result, and the counter-examples that prove violations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from authlab.model.faults import FaultEvent
from authlab.model.session_store import StoreProbe

Lane = Literal["user", "proxy", "workers", "store"]
LANES: Final[tuple[Lane, ...]] = ("user", "proxy", "workers", "store")
"""The lanes of a diagram, from the user to the place that keeps the state."""

CheckedValue = Literal["passed", "violated", "inconclusive"]


@dataclass(frozen=True)
class Event:
    """One step of a timeline: a request from its sending to its answer, or a fault from its start to its end.

    `lane` is the farthest lane that is known to have taken part. A request's arrow goes from `user` to this lane.
    `request_id` identifies it in the samples and in the proxy's access log; it is empty for a fault.
    """

    lane: Lane
    start_ns: int
    end_ns: int
    words: str
    worker: str = ""
    outcome: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Violation:
    """One counter-example: the fewest events that prove a violation, in order of time.

    `user` and `credential` are those of the samples, or -1 and 0 if it belongs to no single user. `worker` and `reason`
    are those of the answer that shows it. `fault` names the last fault that had begun; it is empty for none.
    """

    checker: str
    user: int
    credential: int
    summary: str
    timeline: tuple[Event, ...]
    worker: str = ""
    reason: str = ""
    fault: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The timeline in words, each event with its seconds after the first one."""
        first_ns = self.timeline[0].start_ns if self.timeline else 0
        return tuple(f"{(event.start_ns - first_ns) / 1e9:.3f} s  {event.words}" for event in self.timeline)


@dataclass(frozen=True)
class Staleness:
    """How long a revoked credential was still accepted, in milliseconds.

    The true time lies between two bounds. `at_least_ms`: the last accepted request was sent this long after the log-out
    was acknowledged. `at_most_ms`: the first refusal after it came this long after the log-out was sent; None if there
    was no refusal. Each is the largest over all log-ins that were used after their end.
    """

    at_least_ms: float
    at_most_ms: float | None


@dataclass(frozen=True)
class Recovery:
    """The effect of one fault on the service as a whole.

    `failures` counts failed requests from its start until the next fault's start, and `before` counts those before its
    start: a service that fails without a fault never recovers fully. `to_failure_s` is the time from its start to the
    first failure, None if there was none. `to_recovery_s` is the time from its end to the last failure, 0 if that came
    before the end. It is None if no request succeeded afterwards, or if the end is unknown.
    """

    kind: str
    target: str
    failures: int
    before: int
    to_failure_s: float | None
    to_recovery_s: float | None


@dataclass(frozen=True)
class Seconds:
    """Requests per second by outcome; second k begins at `origin_ns` + k s. All lists have the same length."""

    origin_ns: int = 0
    counts: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises `ValueError` for lists of different length."""
        if len({len(numbers) for numbers in self.counts.values()}) > 1:
            raise ValueError("counts has lists of different length")


@dataclass(frozen=True)
class Checked:
    """What one checker found in one history.

    `checked` requests could have shown a violation. The fate of `indeterminate` requests is unknown, and they count
    neither way. `count` is the number of all violations, and `violations` are the first few of them. `counts` splits
    them up, by "reason:…" and "worker:…", and adds the checker's own figures. `reasons` say why nothing can be
    concluded.
    """

    name: str
    value: CheckedValue
    summary: str
    checked: int = 0
    indeterminate: int = 0
    count: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    staleness: Staleness | None = None
    recoveries: tuple[Recovery, ...] = ()
    seconds: Seconds | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialHistory:
    """The faults of one trial, the results of its history checkers, and the probes of its store before the load.

    `problems` are sentences about faults that went wrong; each puts the trial in doubt.
    """

    faults: tuple[FaultEvent, ...] = ()
    checks: tuple[Checked, ...] = ()
    problems: tuple[str, ...] = ()
    probes: tuple[StoreProbe, ...] = ()
