"""What a history checker says of a trial: the result, and the counter-examples that prove a violation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from authlab.model.faults import FaultEvent
from authlab.model.session_store import StoreProbe

Lane = Literal["user", "proxy", "workers", "store"]
LANES: Final[tuple[Lane, ...]] = ("user", "proxy", "workers", "store")
"""The lanes of a diagram, from the one who asks to where the state is kept."""

CheckedValue = Literal["passed", "violated", "inconclusive"]


@dataclass(frozen=True)
class Event:
    """One step of a timeline: a request from its sending to its answer, or a fault from its start to its end.

    `lane` is the farthest one that is known to have had a hand in it; a request's arrow goes from `user` to there.
    `request_id` finds it in the samples and in the proxy's access log; empty for a fault.
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
    """One counter-example: the fewest events that prove it, in order of time.

    `user` and `credential` are those of the samples, -1 and 0 where it is nobody's in particular. `worker` and `reason`
    are of the answer that gave it away. `fault` names the fault that was under way or had last begun, empty for none.
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
    """For how long a revoked credential was still taken, in milliseconds.

    The true window lies between `at_least_ms` (the last accepted request was sent this long after the log-out was
    acknowledged) and `at_most_ms` (the first refusal after it came this long after the log-out was sent; None where
    none ever came). Each is the largest over all log-ins that were tried after their end.
    """

    at_least_ms: float
    at_most_ms: float | None


@dataclass(frozen=True)
class Recovery:
    """What one fault did to the service as a whole.

    `failures` were answered (or given up) from its start until the next fault's; `before` is the number of those before
    its start: a service that fails without a fault never recovers fully. `to_failure_s`: from its start to the first of
    them, None if there was none. `to_recovery_s`: from its end to the last of them, 0 if that came before the end; None
    where nothing succeeded any more after it, or where the end is not known.
    """

    kind: str
    target: str
    failures: int
    before: int
    to_failure_s: float | None
    to_recovery_s: float | None


@dataclass(frozen=True)
class Seconds:
    """Requests per second by outcome; second k begins at `origin_ns` + k s. All lists are of one length."""

    origin_ns: int = 0
    counts: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises `ValueError` for lists of unlike length."""
        if len({len(numbers) for numbers in self.counts.values()}) > 1:
            raise ValueError("counts has lists of unlike length")


@dataclass(frozen=True)
class Checked:
    """What one checker found in one history.

    `checked` requests could have shown a violation; `indeterminate` ones were of unknown fate and taken for neither.
    `count` is the number of all violations, `violations` the first few of them. `counts` splits them up, by
    "reason:…" and "worker:…", and adds the checker's own figures. `reasons` say why nothing can be concluded.
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
    """What was done to one trial, what each history checker found in it, and what reading a session cost before it.

    `problems` are sentences about faults that went wrong; each puts the trial in doubt.
    """

    faults: tuple[FaultEvent, ...] = ()
    checks: tuple[Checked, ...] = ()
    problems: tuple[str, ...] = ()
    probes: tuple[StoreProbe, ...] = ()
