"""Watches the machine during a measurement: other programs, CPU that its host takes away, clock jumps, sleep."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from authlab.model.conditions import Conditions


class ConditionsWatch:
    """Compares the machine before and after: call `begin`, later `end`.

    `own_cpu_ns` gives the CPU time that all programs of the lab have used so far, in nanoseconds. Everything beyond it
    is the work of other programs.
    """

    def __init__(self, own_cpu_ns: Callable[[], int]) -> None:
        self._own_cpu_ns = own_cpu_ns
        self._before: _Reading | None = None

    def begin(self) -> None:
        """Take the first reading. Costs some tens of milliseconds of CPU."""
        self._before = _read(self._own_cpu_ns())

    def end(self) -> Conditions:
        """What happened since `begin`. Nothing is known if that was never called."""
        if self._before is None:
            return Conditions()
        return _between(self._before, _read(self._own_cpu_ns()))


@dataclass(frozen=True)
class _Reading:
    monotonic_s: float
    wall_s: float
    awake_and_asleep_s: float | None
    busy_ns: int | None
    stolen_ns: int | None
    own_ns: int
    cores: int
    by_process: dict[tuple[int, float], tuple[str, float]]
    """CPU seconds of each process that is not ours, by pid and start time."""


def _read(own_ns: int) -> _Reading:
    cores = _cores()
    busy_ns, stolen_ns = _cores_used_ns(cores)
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return _Reading(
        monotonic_s=time.monotonic(),
        wall_s=time.time(),
        awake_and_asleep_s=None if boottime is None else time.clock_gettime(boottime),
        busy_ns=busy_ns,
        stolen_ns=stolen_ns,
        own_ns=own_ns,
        cores=len(cores),
        by_process=_foreign_processes(),
    )


def _between(before: _Reading, after: _Reading) -> Conditions:
    elapsed_s = max(1e-9, after.monotonic_s - before.monotonic_s)
    room_ns = elapsed_s * before.cores * 1e9
    foreign = stolen = suspended = name = None
    if before.busy_ns is not None and after.busy_ns is not None:
        others_ns = after.busy_ns - before.busy_ns - (after.own_ns - before.own_ns)
        foreign = max(0.0, others_ns / room_ns)
        name = _culprit(before, after, others_ns / 1e9)
    if before.stolen_ns is not None and after.stolen_ns is not None:
        stolen = (after.stolen_ns - before.stolen_ns) / room_ns
    if before.awake_and_asleep_s is not None and after.awake_and_asleep_s is not None:
        suspended = max(0.0, after.awake_and_asleep_s - before.awake_and_asleep_s - elapsed_s)
    return Conditions(
        foreign_share=_rounded(foreign),
        foreign_name=name,
        stolen_share=_rounded(stolen),
        clock_step_s=_rounded(after.wall_s - before.wall_s - elapsed_s - (suspended or 0.0)),
        suspended_s=_rounded(suspended),
    )


def _culprit(before: _Reading, after: _Reading, foreign_s: float) -> str | None:
    """The other program that used most CPU, if it alone used most of it, not many short-lived ones."""
    used = {
        name: seconds - before.by_process.get(key, (name, 0.0))[1] for key, (name, seconds) in after.by_process.items()
    }
    heaviest = max(used, key=lambda name: used[name], default=None)
    return heaviest if heaviest is not None and used[heaviest] > foreign_s / 2 else None


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _cores_used_ns(cores: list[int]) -> tuple[int | None, int | None]:
    """CPU time since boot that `cores` were busy, and that a hypervisor stole from them.

    From /proc/stat, whose ticks of 10 ms are fine enough for periods of seconds.
    """
    try:
        lines = Path("/proc/stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None, None
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    wanted = {f"cpu{core}" for core in cores}
    busy = stolen = 0
    for line in lines:
        name, *fields = line.split()
        if name in wanted:
            user, nice, system, _idle, _iowait, irq, softirq, steal = (int(value) for value in fields[:8])
            busy += user + nice + system + irq + softirq
            stolen += steal
    return busy * tick_ns, stolen * tick_ns


def _foreign_processes() -> dict[tuple[int, float], tuple[str, float]]:
    us = psutil.Process()
    own = {us.pid, *(child.pid for child in us.children(recursive=True))}
    found = {}
    for process in psutil.process_iter(["pid", "name", "cpu_times", "create_time"]):
        facts = process.info
        if facts["pid"] not in own and facts["cpu_times"] is not None:
            times = facts["cpu_times"]
            found[facts["pid"], facts["create_time"] or 0.0] = (
                f"{facts['name']} (pid {facts['pid']})",
                times.user + times.system,
            )
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
