"""A terminal, as a reader of the docs sits in front of one: lines typed into a shell, one after the other."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

WITHIN_S = 120.0


class Terminal:
    """A shell in `folder`, with the commands of `programs` on the PATH."""

    def __init__(self, folder: Path, programs: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.folder = folder
        path = f"{programs}{os.pathsep}{environment['PATH']}"
        self._environment = {**environment, "PATH": path, "COLUMNS": "120"}

    def run(self, line: str) -> str:
        """What the command says. It must end well."""
        with self._start(["bash", "-euo", "pipefail", "-c", line]) as process:
            try:
                said, _ = process.communicate(timeout=WITHIN_S)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        assert process.returncode == 0, f"{line}\n{said}"
        return said

    def begin(self, line: str, until: str) -> Begun:
        """The command, begun, and awaited until it says `until`. The shell becomes it, so that Ctrl-C reaches it."""
        return Begun(line, self._start(["bash", "-euc", f"exec {line}"]), until)

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


class Begun:
    """A command in the foreground of another terminal."""

    def __init__(self, line: str, process: subprocess.Popen[str], until: str) -> None:
        self.said = ""
        self._line, self._process = line, process
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + WITHIN_S
        while until not in self.said:
            if process.poll() is not None or time.monotonic() > deadline:
                self._kill()
                raise AssertionError(f"{line} never said {until!r}:\n{self.said}")
            time.sleep(0.02)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line

    def _kill(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def end(self, code: int) -> None:
        """Ctrl-C; it must end with `code`."""
        os.killpg(self._process.pid, signal.SIGINT)
        try:
            assert self._process.wait(WITHIN_S) == code, f"{self._line}\n{self.said}"
        finally:
            self._kill()
