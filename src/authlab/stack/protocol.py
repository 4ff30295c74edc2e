"""What every stack offers, whether it is made of local processes or of containers."""

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
    """What a part of a stack has used since it came up.

    `part` is "proxy", "store" or a worker's name. `cpu_ns` is the CPU time of all of its processes and never
    falls, also when one of them is replaced; `rss_bytes` is the sum of their resident memory now (pages that
    they share are counted in each). `lives` counts how often a process of it was lost or replaced: between two
    readings with unlike `lives` some CPU time went unread.
    """

    part: str
    cpu_ns: int
    rss_bytes: int
    lives: int = 0


class Stack(Protocol):
    """A mode standing: proxy, workers, and the store if it needs one."""

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
        """Bring it up: return once `/healthz` has answered through every worker. Raises `LabError`."""
        ...

    def down(self) -> None:
        """Bring it down. Harmless when it is down already."""
        ...

    def usage(self) -> list[PartUsage]:
        """CPU and memory by part. Cheap: to be called at every slice boundary."""
        ...

    def troubles(self) -> list[str]:
        """What has died or been replaced unasked since it came up, a finished diagnosis each; empty if all is well."""
        ...
