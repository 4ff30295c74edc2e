"""What can be done to a running stack. Each capability is optional: a fault asks for those that it needs.

Parts are "proxy", "store" and the workers' names. What is done here is intended, so `Stack.troubles` does not report
it. All of them raise `LabError` if the operation can't be done or does not take effect in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from authlab.model.session_store import StoreProbe


@dataclass(frozen=True)
class Gone:
    """A part's process that ended: its id, and how long it took from the signal to its end."""

    part: str
    pid: int
    after_s: float


class Link(Protocol):
    """A TCP proxy between the workers and the store. Its settings apply to every connection, old and new."""

    def delay(self, one_way_ms: float) -> None:
        """Delay everything that goes to the store by that long; 0 removes the delay."""
        ...

    def stall(self, stalled: bool) -> None:
        """Pass nothing on in either direction, without losing anything, until the stall is removed."""
        ...

    def cut(self, is_cut: bool) -> None:
        """Close all connections and refuse new ones, until the cut is removed."""
        ...

    def round_trip_ms(self) -> float:
        """The median of a few PINGs to the store through the link. Raises `LabError` if it does not answer."""
        ...


@runtime_checkable
class Serving(Protocol):
    """Reports when a part serves."""

    def wait_serving(self, part: str, within_s: float) -> float:
        """Wait until the part answers (a worker on its own port, the store to PING). Returns the seconds it took."""
        ...


@runtime_checkable
class Crashing(Protocol):
    """Crashes a part. Something brings it back, like an operator's supervisor."""

    def crash(self, part: str) -> Gone:
        """SIGKILL all of it. Returns when it is gone. The stack's supervisor starts it again."""
        ...


@runtime_checkable
class Stopping(Protocol):
    """Stops a part and starts it again."""

    def stop(self, part: str, *, kill: bool = False) -> Gone:
        """End it without a restart: gracefully (a worker finishes what it is doing), or with `kill` by SIGKILL."""
        ...

    def start_again(self, part: str, within_s: float = 30.0) -> None:
        """Start what was stopped. Returns when it serves."""
        ...


@runtime_checkable
class Pausing(Protocol):
    """Freezes a part and resumes it."""

    def pause(self, part: str) -> int:
        """Freeze all of its processes. Returns the id of the first."""
        ...

    def resume(self, part: str) -> None:
        """Resume it. Harmless if it runs."""
        ...


@runtime_checkable
class Scaling(Protocol):
    """Can have more or fewer workers."""

    def scale(self, workers: int, within_s: float = 30.0) -> None:
        """Change to that number. New workers serve when this returns; the last ones are stopped gracefully."""
        ...


@runtime_checkable
class Draining(Protocol):
    """Keeps new clients away from a worker, while those bound to it stay."""

    def drain(self, worker: str) -> None:
        """From now on only clients that are bound to the worker reach it (nginx's `drain`)."""
        ...

    def undrain(self, worker: str) -> None:
        """Give it new clients again. Harmless if it gets them."""
        ...


@runtime_checkable
class Flushing(Protocol):
    """Empties the store."""

    def flush_store(self) -> int:
        """Remove every key. Returns how many there were."""
        ...


@runtime_checkable
class Probing(Protocol):
    """Measures what reading a session costs at its store."""

    def probe_store(self, calls: int) -> StoreProbe:
        """Time that many reads of a test session, which is removed afterwards."""
        ...


@runtime_checkable
class Giving(Protocol):
    """Gives files to the service."""

    def give(self, name: str, content: Mapping[str, Any]) -> None:
        """Put a file into the folder of the workers' secrets. It takes effect at their next start."""
        ...


@runtime_checkable
class Linked(Protocol):
    """Can have a link in front of its store (if that was requested when the stack was made)."""

    @property
    def link(self) -> Link | None:
        """The link, while the stack is up and has one."""
        ...
