"""What may be done to a stack while it stands. Each is optional: a fault asks for the one that it needs.

Parts are "proxy", "store" and the workers' names. What is done here is wanted, so `Stack.troubles` does not tell of it.
All of them raise `LabError` where it can't be done or does not take effect in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from authlab.model.session_store import StoreProbe


@dataclass(frozen=True)
class Gone:
    """A part's process that ended: its id, and how long after it was told to it was gone."""

    part: str
    pid: int
    after_s: float


class Link(Protocol):
    """A TCP proxy between the workers and the store. What it does holds for every connection, old and new."""

    def delay(self, one_way_ms: float) -> None:
        """Hold everything that goes to the store back for that long; 0 takes it out."""
        ...

    def stall(self, stalled: bool) -> None:
        """Pass nothing on in either direction, and lose nothing, until it is taken back."""
        ...

    def cut(self, is_cut: bool) -> None:
        """Close all connections and refuse new ones, until it is taken back."""
        ...

    def round_trip_ms(self) -> float:
        """The median of a few PINGs to the store through the link. Raises `LabError` if it does not answer."""
        ...


@runtime_checkable
class Serving(Protocol):
    """Tells when a part serves."""

    def wait_serving(self, part: str, within_s: float) -> float:
        """Return once the part answers (a worker through its own port, the store to PING); the seconds it took."""
        ...


@runtime_checkable
class Crashing(Protocol):
    """Crashes a part and has something that brings it back, as an operator's supervisor does."""

    def crash(self, part: str) -> Gone:
        """SIGKILL the whole of it; returns once it is gone. The stack's supervisor starts it again."""
        ...


@runtime_checkable
class Stopping(Protocol):
    """Stops a part and starts it again."""

    def stop(self, part: str, *, kill: bool = False) -> Gone:
        """End it for good: in good order (a worker finishes what it is doing), or with `kill` by SIGKILL."""
        ...

    def start_again(self, part: str, within_s: float = 30.0) -> None:
        """Start what was stopped; returns once it serves."""
        ...


@runtime_checkable
class Pausing(Protocol):
    """Lets a part stand still and go on."""

    def pause(self, part: str) -> int:
        """Let all of its processes stand still as they are; the id of the first."""
        ...

    def resume(self, part: str) -> None:
        """Let it go on. Harmless where it does."""
        ...


@runtime_checkable
class Scaling(Protocol):
    """Has more or fewer workers."""

    def scale(self, workers: int, within_s: float = 30.0) -> None:
        """Have that many: new ones serve when this returns, the last ones are stopped gracefully."""
        ...


@runtime_checkable
class Draining(Protocol):
    """Takes a worker out of the choice for new clients, while those bound to it stay."""

    def drain(self, worker: str) -> None:
        """Only clients that are bound to the worker get there from now on (nginx's `drain`)."""
        ...

    def undrain(self, worker: str) -> None:
        """Let it be chosen again. Harmless where it can be."""
        ...


@runtime_checkable
class Flushing(Protocol):
    """Empties the store."""

    def flush_store(self) -> int:
        """Remove every key; how many there were."""
        ...


@runtime_checkable
class Probing(Protocol):
    """Tells what reading a session costs at its store."""

    def probe_store(self, calls: int) -> StoreProbe:
        """Time that many reads of a session of our own, which is gone afterwards."""
        ...


@runtime_checkable
class Giving(Protocol):
    """Hands files to the service."""

    def give(self, name: str, content: Mapping[str, Any]) -> None:
        """Put a file into the folder that the workers read their secrets from; it counts from their next start."""
        ...


@runtime_checkable
class Linked(Protocol):
    """May have a link in front of its store (if it was asked for when the stack was made)."""

    @property
    def link(self) -> Link | None:
        """The link, while the stack is up and has one."""
        ...
