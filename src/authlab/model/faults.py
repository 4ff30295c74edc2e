"""Faults as planned, and faults as they happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedFault:
    """A fault that begins `at_s` seconds after the load's start.

    `for_s` is how long it lasts; None if it is over at once or ends by itself. `value` is its size in the fault's own
    unit (milliseconds, workers, seconds); None if it has no size, or for the default size. `target` names a worker; it
    is empty if the seed chooses one.
    """

    kind: str
    at_s: float
    for_s: float | None = None
    value: float | None = None
    target: str = ""


@dataclass(frozen=True)
class Step:
    """One restart of the worker `target`: asked to end at `start_ns`, ended at `gone_ns`, back at `end_ns`."""

    target: str
    start_ns: int
    gone_ns: int
    end_ns: int


@dataclass(frozen=True)
class FaultEvent:
    """One fault of a trial. Times are nanoseconds of CLOCK_MONOTONIC, as in the samples.

    `kind` is the fault's name ("crash-worker"), and `target` is what it affected ("worker-2", "store", "proxy").
    `end_ns` is when its cause ended (the worker served again, the delay was removed); None if no end was observed.
    `proof` is a sentence about a measurement ("pid 4711 was gone after 12 ms"); empty if there is none. `value` is the
    fault's size in its own unit, 0 if it has none. `steps` are, in order, the restarts of which it consisted.
    """

    kind: str
    target: str
    start_ns: int
    end_ns: int | None
    proof: str
    value: float = 0.0
    steps: tuple[Step, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether it demonstrably took effect. If not, nothing follows from the trial."""
        return bool(self.proof)
