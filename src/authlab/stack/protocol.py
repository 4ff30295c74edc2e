"""What every stack offers, whether it consists of local processes or of containers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from authlab.model.modes import Mode


@dataclass(frozen=True)
class WorkerInfo:
    """A worker, and the address at which it answers without the proxy."""

    name: str
    url: str


@dataclass(frozen=True)
class PartUsage:
    """What a part of a stack has used since its start.

    `part` is "proxy", "store" or a worker's name. `cpu_ns` is the CPU time of all of its processes. It never decreases,
    even when one of them is replaced. `rss_bytes` is the sum of their current resident memory (pages that they share
    are counted in each). `lives` counts how often one of its processes was lost or replaced: between two readings with
    different `lives` some CPU time was not read.
    """

    part: str
    cpu_ns: int
    rss_bytes: int
    lives: int = 0


class Stack(Protocol):
    """A running mode: proxy, workers, and the store if it needs one."""

    @property
    def mode(self) -> Mode:
        """The mode that it serves."""
        ...

    @property
    def url(self) -> str:
        """The proxy's address, without a slash at the end."""
        ...

    @property
    def workers(self) -> Sequence[WorkerInfo]:
        """Its workers, in the proxy's order."""
        ...

    def up(self, deadline_s: float) -> None:
        """Start it. Returns when `/healthz` has answered through every worker. Raises `LabError`."""
        ...

    def down(self) -> None:
        """Stop it. Harmless if it is down already."""
        ...

    def usage(self) -> list[PartUsage]:
        """CPU and memory by part. Cheap: called at every slice boundary."""
        ...

    def troubles(self) -> list[str]:
        """What died or was replaced unexpectedly since the start, each with a complete diagnosis. Empty if all is
        well."""
        ...
