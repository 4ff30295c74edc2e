"""Nothing survives the lab: not Ctrl-C, not an exception, not SIGKILL, at whatever moment.

The test process makes itself the reaper of all orphans below it (Linux' PR_SET_CHILD_SUBREAPER): what outlives the
driver and its guardian, under whatever name, group or session, becomes a child of ours and is found.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process inherit all orphans below it"),
]

PR_SET_CHILD_SUBREAPER = 36
WITHIN_S = 15.0
DRIVER = Path(__file__).with_name("stacks_driver.py")


@pytest.fixture(autouse=True)
def reaper() -> Iterator[None]:
    """Be the reaper of orphans for one test."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), 0, 0, 0)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(0), 0, 0, 0)


class Driver:
    """The driver as a process, in a session of its own, as a terminal would give it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.before = {child.pid for child in psutil.Process().children(recursive=True)}
        self.folder = folder
        with (folder / "driver.log").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(DRIVER), str(folder), *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def until(self, word: str) -> list[str]:
        """Read what it says until `word` comes first in a line; the rest of that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            first, *rest = line.split()
            if first == word:
                return rest
        raise AssertionError(f"the driver ended without {word!r}: {(self.folder / 'driver.log').read_text()}")

    def survivors(self) -> list[psutil.Process]:
        """Whatever is left of it and below it once everyone has had time to go."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            self.process.poll()
            left = [child for child in psutil.Process().children(recursive=True) if child.pid not in self.before]
            for child in left:
                if child.pid != self.process.pid:
                    with contextlib.suppress(ChildProcessError):  # it is not our own child yet
                        os.waitpid(child.pid, os.WNOHANG)
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.01)

    def leaves_nothing(self) -> bool:
        """No process, no runtime folder. Whatever it is, it is ended before the test goes on."""
        left = self.survivors()
        found = [f"{process.pid} {' '.join(process.cmdline()) or process.name()}" for process in left]
        for process in left:
            process.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()
        assert not found, found
        assert not (self.folder / "runtime").exists(), "the runtime folder, with its secrets, is still there"
        return True


MOMENTS = [
    ("begun", 0.0),
    ("begun", 0.02),
    ("begun", 0.05),
    ("starting", 0.0),
    ("starting", 0.1),
    ("starting", 0.5),
    ("up", 0.0),
    ("loading", 0.3),
]


@pytest.mark.parametrize(("word", "later_s"), MOMENTS)
def test_nothing_survives_sigkill_of_the_lab(tmp_path: Path, word: str, later_s: float) -> None:
    driver = Driver(tmp_path)
    driver.until(word)
    time.sleep(later_s)
    driver.process.kill()
    assert driver.leaves_nothing()


@pytest.mark.parametrize(("word", "later_s"), [("begun", 0.05), ("starting", 0.1), ("starting", 0.5), ("loading", 0.3)])
def test_nothing_survives_ctrl_c(tmp_path: Path, word: str, later_s: float) -> None:
    driver = Driver(tmp_path)
    driver.until(word)
    time.sleep(later_s)
    os.killpg(driver.process.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
    assert driver.leaves_nothing()
    assert "KeyboardInterrupt" in (tmp_path / "driver.log").read_text()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_survives_the_end_of_the_terminal_or_a_polite_kill(tmp_path: Path, sig: signal.Signals) -> None:
    driver = Driver(tmp_path)
    driver.until("loading")
    os.killpg(driver.process.pid, sig)
    assert driver.leaves_nothing()


def test_nothing_survives_an_exception(tmp_path: Path) -> None:
    driver = Driver(tmp_path, "fail")
    driver.until("loading")
    assert driver.leaves_nothing()
    assert "RuntimeError: as planned" in (tmp_path / "driver.log").read_text()


def test_nothing_survives_the_loss_of_the_guardian_but_the_lab_itself(tmp_path: Path) -> None:
    driver = Driver(tmp_path)
    guardian, *programs = map(int, driver.until("up"))
    os.kill(guardian, signal.SIGKILL)
    deadline = time.monotonic() + WITHIN_S
    while any(map(runs, programs)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in programs if runs(pid)] == []
    assert driver.process.poll() is None, "the lab is still there to say what happened"
    driver.process.kill()
    assert driver.survivors() == []
    if driver.process.stdout is not None:
        driver.process.stdout.close()


def test_every_program_that_was_up_is_gone_soon(tmp_path: Path) -> None:
    driver = Driver(tmp_path)
    programs = list(map(int, driver.until("up")))
    assert len(programs) == 1 + 2 * (2 + 2 * 2), "guardian; per stack nginx and two gunicorns, two processes each"
    begun = time.monotonic()
    driver.process.kill()
    while any(map(runs, programs)) and time.monotonic() - begun < WITHIN_S:
        driver.process.poll()
        time.sleep(0.005)
    took = time.monotonic() - begun
    assert driver.leaves_nothing()
    assert took < 5, f"{took:.2f} s"  # 0.05 s on an idle machine


def test_the_search_finds_an_orphan_that_left_its_group_and_session(tmp_path: Path) -> None:
    program = (
        "import subprocess\n"
        "orphan = subprocess.Popen(['sleep', '600'], start_new_session=True, stdout=subprocess.DEVNULL)\n"
        "print(orphan.pid, flush=True)\n"
    )
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True, timeout=30)
    orphan = int(done.stdout)
    found = {child.pid for child in psutil.Process().children(recursive=True)} - before
    os.kill(orphan, signal.SIGKILL)
    os.waitpid(orphan, 0)
    assert found == {orphan}


def runs(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
