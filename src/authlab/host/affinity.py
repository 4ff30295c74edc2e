"""Pinning whole processes to processor cores, every thread of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable

_ROUNDS = 5


def usable_cpus() -> list[int]:
    """Numbers of the cores that this process may use, ascending; all there are where it can't be asked."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(pids: Iterable[int], cpus: Collection[int]) -> None:
    """Pin every thread of the processes to `cpus`; threads and children to come inherit it.

    A thread that starts meanwhile may slip through, so we look again until nothing is left to do. Does nothing
    where the system can't pin (macOS), and skips processes that are gone. Raises OSError if no core of `cpus`
    can be used.
    """
    if sys.platform != "linux":
        return
    wanted = set(cpus)
    for pid in pids:
        for _ in range(_ROUNDS):
            if not _pin_once(pid, wanted):
                break


def _pin_once(pid: int, cpus: set[int]) -> bool:
    """Pin the threads that are not yet; whether there were any."""
    changed = False
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names are all that is needed
            if os.sched_getaffinity(int(thread)) != cpus:
                os.sched_setaffinity(int(thread), cpus)
                changed = True
    except (ProcessLookupError, FileNotFoundError):
        return False
    return changed
