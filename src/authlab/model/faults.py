"""Faults: as they are planned, and as they happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedFault:
    """A fault to be done `at_s` seconds after the load's start.

    `for_s` is how long it lasts, None where it is over at once or where the fault itself knows when it ends. `value` is
    its size in the fault's own unit (milliseconds, workers, seconds), None where it has none or its default is meant.
    `target` names a worker, empty where the seed chooses one.
    """

    kind: str
    at_s: float
    for_s: float | None = None
    value: float | None = None
    target: str = ""


@dataclass(frozen=True)
class Step:
    """One restart: `target`, a worker, was told to end at `start_ns`, was gone at `gone_ns` and back at `end_ns`."""

    target: str
    start_ns: int
    gone_ns: int
    end_ns: int


@dataclass(frozen=True)
class FaultEvent:
    """One fault of a trial. Times are nanoseconds of CLOCK_MONOTONIC, as in the samples.

    `kind` is the fault's name ("crash-worker"), `target` what it was done to ("worker-2", "store", "proxy"). `end_ns`
    is when its cause was gone (the worker served again, the delay was taken out), None where that was never seen.
    `proof` is a sentence with what was measured ("pid 4711 was gone after 12 ms"), empty where there is none. `value`
    is the fault's size in its own unit, 0 where it has none. `steps` are, in order, the restarts that it consisted of.
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
        """Whether it is known to have taken effect; without that nothing follows from the trial."""
        return bool(self.proof)
