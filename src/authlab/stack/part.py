"""A running part of a local stack: one program and the processes that it forked."""

from __future__ import annotations

import signal
from collections.abc import Collection, Iterable

from authlab.host.affinity import pin
from authlab.host.clocks import cpu_ns, rss_bytes
from authlab.host.groups import group_members
from authlab.host.processes import Process
from authlab.stack.protocol import PartUsage


class Part:
    """A program of a stack ("proxy", "store", "worker-2"), its resource usage, and what happened to it.

    `end_with` is the signal that ends it gracefully in the shortest time.
    """

    def __init__(self, name: str, process: Process, *, end_with: int = signal.SIGTERM) -> None:
        self.name = name
        self.process = process
        self.end_with = end_with
        self._members = [process.pid]
        self._cpu_ns: dict[int, int] = {}  # by process, kept after its end, because the sum must never decrease
        self._losses: list[str] = []
        self._wanted = False
        self._leaving: set[int] = set()
        self._lives = 0

    def replace(self, process: Process) -> None:
        """The program was started again as `process`. Its earlier CPU time still counts."""
        self.process = process
        self._members = [process.pid]
        self._wanted = False
        self._lives += 1

    def expect_end(self) -> None:
        """Until `replace`, its end is intended: no trouble, and no loss."""
        self._wanted = True

    def expect_change(self) -> None:
        """Its current children will be replaced by others (nginx loads a new configuration): no loss."""
        self._leaving.update(pid for pid in self._members if pid != self.process.pid)

    @property
    def pids(self) -> list[int]:
        """Its processes at the last look: the program first, then its children."""
        return list(self._members)

    def usage(self) -> PartUsage:
        """CPU time so far and current memory, of all its processes."""
        try:
            return self._read()
        except ProcessLookupError:
            settle([self])
            try:
                return self._read()
            except ProcessLookupError:  # it is ending right now; `trouble` will report it
                return PartUsage(self.name, sum(self._cpu_ns.values()), 0, self._lives)

    def _read(self) -> PartUsage:
        memory = 0
        for pid in self._members:
            self._cpu_ns[pid] = cpu_ns(pid)
            memory += rss_bytes(pid)
        return PartUsage(self.name, sum(self._cpu_ns.values()), memory, self._lives)

    def troubles(self) -> list[str]:
        """What happened to it unexpectedly: its end, or children that it lost. gunicorn replaces those by itself, but
        everything that they kept in memory is gone."""
        if self._wanted:
            return list(self._losses)
        if self.process.poll() is not None:
            return [*self._losses, self.process.obituary()]
        if any(not _lives(pid) for pid in self._members):
            settle([self])
        return list(self._losses)

    def _now_has(self, members: Collection[int]) -> None:
        self._lives += bool(set(self._members) - set(members))
        kept = {self.process.pid, *self._leaving, *members}
        gone = [pid for pid in self._members if pid not in kept]
        if self.process.poll() is None and not self._wanted:
            self._losses += [
                f"{self.process.name} lost its process {pid}, and what that kept in memory. Log: {self.process.log}"
                for pid in gone
            ]
        self._members = sorted(members, key=lambda pid: (pid != self.process.pid, pid))


def settle(parts: Iterable[Part], cpus: Collection[int] | None = None) -> None:
    """Find the current processes of the parts, and pin every thread of them to `cpus`."""
    parts = list(parts)
    members = group_members([part.process.pid for part in parts])
    for part in parts:
        part._now_has(members[part.process.pid])
        if cpus is not None:
            pin(part._members, cpus)


def _lives(pid: int) -> bool:
    try:
        cpu_ns(pid)
    except ProcessLookupError:
        return False
    return True
