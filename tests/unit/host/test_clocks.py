"""CPU clocks, memory and groups of other processes."""

from __future__ import annotations

import itertools
import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from authlab.host.affinity import pin, usable_cpus
from authlab.host.clocks import cpu_ns, rss_bytes
from authlab.host.groups import group_members
from authlab.host.processes import Guardian

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can pin, and has these clocks")


def gone(guardian: Guardian, folder: Path) -> int:
    """The pid of a process that has ended."""
    process = guardian.spawn("true", ["true"], log=folder / "log")
    process.wait(10)
    return process.pid


def test_the_cpu_clock_of_a_process_runs_while_it_works() -> None:
    before = cpu_ns(os.getpid())
    own = time.process_time_ns()
    while time.process_time_ns() - own < 50_000_000:
        pass
    worked = time.process_time_ns() - own
    assert cpu_ns(os.getpid()) - before == pytest.approx(worked, rel=0.2)


@linux
def test_the_cpu_clock_sees_less_than_a_tick() -> None:
    readings = []
    for _ in range(50):
        readings.append(cpu_ns(os.getpid()))
        sum(range(20_000))
    steps = [b - a for a, b in itertools.pairwise(readings)]
    assert min(steps) > 0
    assert min(steps) < 10_000_000


def test_the_cpu_clock_of_another_process_stands_still_while_it_sleeps(guardian: Guardian, tmp_path: Path) -> None:
    sleeper = guardian.spawn("sleeper", ["sleep", "60"], log=tmp_path / "log")
    time.sleep(0.2)
    before = cpu_ns(sleeper.pid)
    time.sleep(0.2)
    assert cpu_ns(sleeper.pid) == before


def test_memory_is_what_psutil_says() -> None:
    assert rss_bytes(os.getpid()) == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)


def test_a_process_that_is_gone_is_said_to_be_gone(guardian: Guardian, tmp_path: Path) -> None:
    pid = gone(guardian, tmp_path)
    with pytest.raises(ProcessLookupError):
        cpu_ns(pid)
    with pytest.raises(ProcessLookupError):
        rss_bytes(pid)


def test_a_group_has_the_program_and_its_children(guardian: Guardian, tmp_path: Path) -> None:
    parent = guardian.spawn("parent", ["sh", "-c", "sleep 60 & sleep 60 & echo up; wait"], log=tmp_path / "log")
    deadline = time.monotonic() + 10
    while "up" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    members = group_members([parent.pid, 2**22 - 1])
    assert parent.pid in members[parent.pid]
    assert len(members[parent.pid]) == 3
    assert members[2**22 - 1] == []


@linux
def test_pinning_reaches_every_thread_and_those_to_come(guardian: Guardian, tmp_path: Path) -> None:
    program = (
        "import os, threading, time\n"
        "for _ in range(4): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    core = usable_cpus()[0]
    process = guardian.spawn("threads", [sys.executable, "-c", program], log=tmp_path / "log")
    deadline = time.monotonic() + 10
    while "up" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    pin([process.pid], [core])
    threads = [int(thread.name) for thread in Path(f"/proc/{process.pid}/task").iterdir()]
    assert len(threads) == 5
    assert all(os.sched_getaffinity(thread) == {core} for thread in threads)


def test_pinning_a_process_that_is_gone_is_harmless(guardian: Guardian, tmp_path: Path) -> None:
    pin([gone(guardian, tmp_path)], usable_cpus())
