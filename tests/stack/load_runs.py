"""Starting Locust as a user would, from a folder that is not the project's, and telling what it said if it fails."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from authlab.host.content import content_root
from authlab.store.recording import Recording, read_recording

WITHIN_S = 30.0


def credentials(folder: Path, users: int = 10) -> Path:
    """A credentials file for the tests' own service, which takes any password."""
    path = folder / "credentials.json"
    names = [f"user-{number:04d}" for number in range(1, users + 1)]
    path.write_text(json.dumps({"users": [{"username": name, "password": "pw"} for name in names]}))
    return path


class Running:
    """A Locust process and its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self._log.read_text()

    def wait(self, within_s: float = WITHIN_S) -> int:
        """Its exit status; a test that waits in vain fails with the log."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"Locust was not done within {within_s} s. It said:\n{self.said}") from None

    def until(self, condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
        """Wait for a condition; fail with the log where it does not come."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"{what} did not happen (exit {self.process.poll()}). Locust said:\n{self.said}")
            time.sleep(0.02)


@contextmanager
def locust(folder: Path, *options: str, scenario: str = "browse.py") -> Iterator[Running]:
    """Plain `locust -f …/loadtests/browse.py` in `folder`; ended by SIGKILL if the test leaves it running."""
    log = folder / "locust.log"
    files = ",".join(str(content_root() / "loadtests" / name) for name in scenario.split(","))
    command = [sys.executable, "-m", "locust", "-f", files, *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield Running(process, log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def read(folder: Path) -> Recording:
    """The recording, and a check of what holds for every row of every recording."""
    recording = read_recording(folder)
    rows = recording.samples
    assert rows.filter(pl.col("sent_ns") > pl.col("done_ns")).is_empty()
    assert rows.filter(pl.col("sent_ns") < pl.max_horizontal("due_ns", "ready_ns")).is_empty()
    assert rows["request_id"].n_unique() == rows.height
    return recording


def lag_ms(samples: pl.DataFrame) -> pl.Series:
    """The generator's own lateness."""
    return samples.select((pl.col("sent_ns") - pl.max_horizontal("due_ns", "ready_ns")) / 1e6).to_series()
