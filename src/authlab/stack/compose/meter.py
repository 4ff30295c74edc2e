"""CPU time and memory of a container, from its control group if that is on this machine, or else from the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from authlab.host.clocks import rss_bytes
from authlab.stack.protocol import PartUsage

_CGROUPS = Path("/sys/fs/cgroup")


class Meter:
    """Reads one container. Its CPU time never decreases, even when the container is started again.

    `pid` is the host's number of its first process. If the engine runs on this machine, the control group's own files
    are read (nanoseconds in version 1, microseconds in version 2; well under a millisecond per reading). Elsewhere
    (Docker Desktop, a remote engine) the engine is asked.
    """

    def __init__(self, part: str, container: Any, pid: int) -> None:
        self.part = part
        self._container = container
        self._before = 0
        self._last = 0
        self._lives = 0
        self._first = 0
        # its path contains the container's id, so it stays the same when the container is started again
        self._group = _group_of(pid, container.id)

    @property
    def is_local(self) -> bool:
        """Whether the container runs on this machine."""
        return self._group is not None

    def read(self) -> PartUsage:
        """CPU time so far, and current memory, which is 0 if it does not run."""
        cpu_ns, memory, first = self._now()
        self._lives += first != self._first or cpu_ns < self._last
        self._first = first
        if cpu_ns < self._last:  # it got a new control group when it was started again
            self._before += self._last
        self._last = cpu_ns
        return PartUsage(self.part, self._before + cpu_ns, memory, self._lives)

    def _now(self) -> tuple[int, int, int]:
        """CPU time, memory, and the container's first process, 0 where none runs or it is not known."""
        try:
            return self._group.read() if self._group is not None else self._asked()
        except OSError:
            return self._last, 0, 0  # it does not run

    def _asked(self) -> tuple[int, int, int]:
        stats = self._container.client.api.stats(self._container.id, stream=False, one_shot=True)
        memory = stats.get("memory_stats", {})
        if not memory.get("usage"):
            return self._last, 0, 0
        cached = memory.get("stats", {}).get("inactive_file", memory.get("stats", {}).get("total_inactive_file", 0))
        return int(stats["cpu_stats"]["cpu_usage"]["total_usage"]), int(memory["usage"] - cached), 1


class _Group:
    """The files of a container's control group."""

    def __init__(self, cpu: Path, processes: Path) -> None:
        self._cpu = cpu
        self._processes = processes

    def read(self) -> tuple[int, int, int]:
        """CPU time in nanoseconds, resident memory in bytes and the number of the first process.

        Raises OSError if the group is gone.
        """
        text = self._cpu.read_text()
        if self._cpu.name == "cpu.stat":
            cpu_ns = int(text.partition("usage_usec ")[2].split(maxsplit=1)[0]) * 1000
        else:
            cpu_ns = int(text)
        memory = 0
        pids = [int(pid) for pid in self._processes.read_text().split()]
        for pid in pids:
            try:
                memory += rss_bytes(pid)
            except ProcessLookupError:
                continue  # ended between the two readings
        return cpu_ns, memory, min(pids, default=0)


def _group_of(pid: int, container_id: str) -> _Group | None:
    """The control group of `pid`, if that process is here and the container's. On Docker Desktop it is elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if container_id not in path:
            continue
        relative = path.lstrip("/")
        if not controllers:
            group = _CGROUPS / relative
            if (group / "cpu.stat").is_file():
                return _Group(group / "cpu.stat", group / "cgroup.procs")
        elif "cpuacct" in controllers.split(","):
            for mount in (controllers, "cpuacct"):
                group = _CGROUPS / mount / relative
                if (group / "cpuacct.usage").is_file():
                    return _Group(group / "cpuacct.usage", group / "cgroup.procs")
    return None
