"""Pins whole processes to processor cores, with every thread of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable

_ROUNDS = 5


def usable_cpus() -> list[int]:
    """Numbers of the cores that this process may use, ascending. All cores, if the system can't say."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(pids: Iterable[int], cpus: Collection[int]) -> None:
    """Pin every thread of the processes to `cpus`. Their future threads and children inherit it.

    A thread that starts meanwhile may be missed, so this repeats until nothing is left to do. It does nothing where the
    system can't pin (macOS), and skips processes that are gone. Raises OSError if no core of `cpus` can be used.
    """
    if sys.platform != "linux":
        return
    wanted = set(cpus)
    for pid in pids:
        for _ in range(_ROUNDS):
            if not _pin_once(pid, wanted):
                break


def _pin_once(pid: int, cpus: set[int]) -> bool:
    """Pin the threads that are not pinned yet. Returns whether there were any."""
    changed = False
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names are all that is needed
            if os.sched_getaffinity(int(thread)) != cpus:
                os.sched_setaffinity(int(thread), cpus)
                changed = True
    except (ProcessLookupError, FileNotFoundError):
        return False
    return changed
