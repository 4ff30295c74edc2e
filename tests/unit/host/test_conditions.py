"""The watch over the machine, against programs that really burn its time."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from authlab.host.conditions import ConditionsWatch

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell how busy its cores were")
_BURN = "import time; end = time.monotonic() + 20\nwhile time.monotonic() < end: pass"
# Its output goes nowhere: with ours it would hold the pipe open that `subprocess.run` reads to its end.
_START = """
import subprocess, sys
quiet = subprocess.DEVNULL
print(subprocess.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True, stdout=quiet, stderr=quiet).pid)
"""


@pytest.fixture
def stranger() -> Iterator[int]:
    """A program that burns CPU for some seconds and is no child of ours: its parent has ended."""
    starter = [sys.executable, "-c", _START, _BURN]
    done = subprocess.run(starter, capture_output=True, text=True, timeout=20, check=True)
    pid = int(done.stdout)
    yield pid
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()


@linux_only
def test_a_strangers_load_is_noticed_and_named(stranger: int) -> None:
    watch = ConditionsWatch(time.process_time_ns)
    watch.begin()
    before_s = psutil.Process(stranger).cpu_times().user
    time.sleep(1.5)
    seen = watch.end()
    assert seen.foreign_share is not None
    assert seen.foreign_share > 0.3 / len(os.sched_getaffinity(0)), seen
    burnt_s = psutil.Process(stranger).cpu_times().user - before_s
    if burnt_s > 0.6 * seen.foreign_share * len(os.sched_getaffinity(0)) * 1.5:  # else another ran beside this test
        assert f"(pid {stranger})" in (seen.foreign_name or "")


@linux_only
def test_our_own_load_is_not_foreign() -> None:
    def shares(own: float) -> float:
        watch = ConditionsWatch(lambda: round(own * time.process_time_ns()))
        watch.begin()
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            pass
        share = watch.end().foreign_share
        assert share is not None
        return share

    counted, not_counted = shares(1.0), shares(0.0)
    assert not_counted > counted or counted > 0.9, "a second of our own CPU makes no difference"


def test_nothing_happens_to_the_clocks_in_a_moment() -> None:
    watch = ConditionsWatch(lambda: 0)
    watch.begin()
    seen = watch.end()
    assert abs(seen.clock_step_s or 0.0) < 0.1
    assert (seen.suspended_s or 0.0) < 0.05


def test_what_never_began_is_not_known() -> None:
    assert ConditionsWatch(lambda: 0).end().foreign_share is None
