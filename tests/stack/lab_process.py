"""`authlab` as a process among others: what it says, what works for it, and whether it leaves anything behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

WITHIN_S = 90.0
SHORT = ("--slice", "0.3s", "--users", "6", "--rate", "60", "--workers", "1", "--plain")
ENDLESS = (*SHORT, "--blocks", "400")


class Lab:
    """`authlab …` as a process, with everything that it says."""

    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> None:
        self.results = cwd / "results"
        self.said = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "authlab", *arguments],
            cwd=cwd,
            env=os.environ | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line

    def says(self, words: str) -> None:
        """Wait until it has said `words`."""
        self._until(lambda: words in self.said, f"{words!r}")

    def is_under_load(self) -> None:
        """Wait until the first slices are measured."""
        self._until(lambda: sum(len(f.read_text().splitlines()) for f in self._resources()) > 20, "measured slices")

    def _resources(self) -> list[Path]:
        return list(self.results.glob("runs/*/trials/*/resources.csv"))

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not done():
            assert self._process.poll() is None, f"ended before {what}: {self.said}"
            assert time.monotonic() < deadline, f"no {what} within {WITHIN_S:g} s: {self.said}"
            time.sleep(0.02)

    def signal(self, number: int) -> None:
        """Send it a signal, to it alone."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Its exit code, once it has ended and nothing of it is left."""
        code = self._process.wait(WITHIN_S)
        self._reader.join(10)
        deadline = time.monotonic() + 10
        while (left := [*self._processes(), *self._private_folders()]) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == [], left
        return code

    def part(self, *words: str) -> psutil.Process:
        """The oldest process that works for this lab, and whose command line has all of the words."""
        found = [p for p in self._processes() if all(word in " ".join(p.cmdline()) for word in words)]
        return min(found, key=lambda process: (process.create_time(), process.pid))

    def run(self) -> dict[str, Any]:
        """run.json of the newest run."""
        body: dict[str, Any] = json.loads((self.results / "latest" / "run.json").read_text())
        return body

    def _processes(self) -> list[psutil.Process]:
        """Everything but the lab itself that has its private folder in command line, environment, or current folder."""
        marker, found = f"authlab-{self.pid}-", []
        for process in psutil.process_iter():
            try:
                traces = [*process.cmdline(), *process.environ().values(), process.cwd()]
                if any(marker in trace for trace in traces) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue  # gone meanwhile, or not ours to look at
        return found

    def _private_folders(self) -> list[Path]:
        return list(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"authlab-{self.pid}-*"))  # noqa: S108
