"""CPU time and memory of other processes. Cheap enough to read at every slice boundary."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil

_LINUX = sys.platform == "linux"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_ns(pid: int) -> int:
    """CPU time that all threads of process `pid` have used, user and system, in nanoseconds.

    Linux: the process' own CPU clock, whose id is `(~pid << 3) | 2` (CPUCLOCK_SCHED, <linux/posix-timers.h>);
    the ticks of /proc/…/stat, 10 ms each, are too coarse for slices of a second. Elsewhere psutil.
    Raises `ProcessLookupError` if there is no such process.
    """
    if _LINUX:
        try:
            return time.clock_gettime_ns((~pid << 3) | 2)
        except OSError as error:
            raise ProcessLookupError(f"no process {pid}") from error
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(f"no process {pid}") from error
    return int((times.user + times.system) * 1e9)


def rss_bytes(pid: int) -> int:
    """Resident memory of process `pid` in bytes. Raises `ProcessLookupError` if there is no such process."""
    if _LINUX:
        try:
            return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE_BYTES
        except (OSError, IndexError) as error:
            raise ProcessLookupError(f"no process {pid}") from error
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(f"no process {pid}") from error
