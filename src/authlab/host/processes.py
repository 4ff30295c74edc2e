"""Programs that never outlive authlab: the parent's side of the guardian (see guardian.py)."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM
from types import TracebackType
from typing import Any, Self

from authlab.host.obituary import obituary
from authlab.model.errors import LabError

_ANSWER_WITHIN_S = 30.0
_END_WITHIN_S = 12.0
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH")


def minimal_environment() -> dict[str, str]:
    """The part of our environment that a program needs to run, and nothing that could change what it does."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


class Process:
    """A program that the guardian started. Its process id is also its group's and its session's."""

    def __init__(self, guardian: Guardian, number: int, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.pid = 0
        self.log_start = 0
        """Size of the log when this program began to write to it. Everything before belongs to a predecessor."""
        self._guardian = guardian
        self._number = number
        self._status: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._status

    def signal(self, sig: int, *, group: bool = True) -> bool:
        """Send `sig` to the program's process group, or to it alone. False if it had already ended."""
        return self._guardian._signal(self._number, self.pid, sig, group=group)

    def wait(self, within_s: float) -> int | None:
        """The exit status once it has ended; None if it still runs after `within_s`."""
        self._ended.wait(within_s)
        return self._status

    def stop(self, *, sig: int = SIGTERM, within_s: float) -> int:
        """Ask the program to end with `sig`, kill its whole group after `within_s`. Returns the exit status.

        `sig` goes to the program itself, which knows how to end its children. Raises `LabError` if even SIGKILL does
        not end it (a process that hangs in the kernel).
        """
        self.signal(sig, group=False)
        status = self.wait(within_s)
        return self.kill() if status is None else status

    def kill(self) -> int:
        """SIGKILL the whole group. Returns the exit status. Raises `LabError` if that does not end it."""
        self.signal(SIGKILL)
        status = self.wait(_ANSWER_WITHIN_S)
        if status is None:
            raise LabError(f"{self.name} (process {self.pid}) did not end even by SIGKILL: it hangs in the kernel.")
        return status

    def obituary(self) -> str:
        """How it ended, its last lines, and the path of the full log: a complete diagnosis."""
        return obituary(self.name, self.poll(), self.log, self.log_start)

    def _has_ended(self, status: int) -> None:
        self._status = status
        self._ended.set()


class Guardian:
    """Starts programs that end with it, and with this process, even if that is killed by SIGKILL.

    A context manager, thread-safe. Folders in `cleanup` (and those given to `remove_at_end`) are removed at the end,
    even after a SIGKILL. Create them after entering, so that they can never stay behind. A process that is forked from
    this one without exec would keep the guardian waiting for it.
    """

    def __init__(self, cleanup: Sequence[Path] = ()) -> None:
        self._cleanup = [path.absolute() for path in cleanup]
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._processes: dict[int, Process] = {}
        self._answers: dict[int, _Answer] = {}
        self._lost = False

    def __enter__(self) -> Self:
        ours, theirs = socket.socketpair()
        program = Path(__file__).with_name("guardian.py")
        command = [sys.executable, "-I", "-S", str(program), str(theirs.fileno()), *map(str, self._cleanup)]
        self._channel = ours
        try:
            # The guardian would keep stdout open for as long as it lives, and a pipe's reader would wait for it.
            self._program = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._reader = threading.Thread(target=self._read, name="guardian", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the guardian program."""
        return self._program.pid

    def close(self) -> None:
        """End everything that was started, and remove the folders. Returns when that is done."""
        with contextlib.suppress(OSError):  # it is gone already; the reader has done its part
            self._channel.shutdown(socket.SHUT_WR)
        try:
            self._program.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._program.kill()  # the reader then kills the groups
            self._program.wait()
        self._reader.join(_END_WITHIN_S)
        self._channel.close()

    def remove_at_end(self, folder: Path) -> None:
        """Remove `folder` (which need not exist yet) when everything has ended."""
        self._send({"remove": str(folder.absolute())})

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        cpus: Sequence[int] | None = None,
    ) -> Process:
        """Start a program in a session of its own. Its output is appended to `log`.

        `env` is its complete environment, by default `minimal_environment()`. `cpus` pins it from the start.
        Returns once the program itself runs (after exec). Raises `LabError` if it cannot be started.
        """
        number = next(self._numbers)
        process = Process(self, number, name, log)
        order = {
            "spawn": number,
            "argv": list(argv),
            "log": str(log.absolute()),
            "env": dict(minimal_environment() if env is None else env),
            "cwd": None if cwd is None else str(cwd),
            "cpus": None if cpus is None else list(cpus),
        }
        with self._lock:
            self._processes[number] = process
        answer = self._ask(number, order, name)
        if "error" in answer:
            raise LabError(f"{name} could not be started ({argv[0]}): {answer['error']}.")
        return process

    def _signal(self, target: int, pid: int, sig: int, *, group: bool) -> bool:
        number = next(self._numbers)
        order = {"signal": number, "target": target, "sig": int(sig), "group": group}
        try:
            return bool(self._ask(number, order, f"process {pid}")["done"])
        except LabError:
            if self._lost:
                return False  # it was killed with the guardian
            raise

    def _ask(self, number: int, order: dict[str, Any], about: str) -> dict[str, Any]:
        answer = self._answers[number] = _Answer()
        try:
            self._send(order)
            if not answer.arrived.wait(_ANSWER_WITHIN_S):
                raise LabError(f"the guardian process {self.pid} did not answer (asked about {about}).")
        finally:
            del self._answers[number]
        if answer.message is None:
            raise self._no_guardian()
        return answer.message

    def _send(self, order: dict[str, Any]) -> None:
        if self._lost:
            raise self._no_guardian()
        try:
            with self._lock:
                self._channel.sendall(json.dumps(order).encode() + b"\n")
        except OSError as error:
            raise self._no_guardian() from error

    def _no_guardian(self) -> LabError:
        return LabError(
            f"the guardian process {self.pid} is gone, and with it every program that it had started. "
            "Something outside of authlab ended it (out of memory?). Run it again."
        )

    def _read(self) -> None:
        pending = b""
        while True:
            try:
                received = self._channel.recv(1 << 20)
            except OSError:
                received = b""
            if not received:
                break
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                self._hear(json.loads(line))
        self._guardian_is_gone()

    def _hear(self, message: dict[str, Any]) -> None:
        if "ended" in message:
            self._processes.pop(message["ended"])._has_ended(message["status"])
            return
        number = message.get("spawned") or message.get("failed") or message.get("signalled")
        if "spawned" in message:
            self._processes[message["spawned"]].pid = message["pid"]
            self._processes[message["spawned"]].log_start = message["log_start"]
        elif "failed" in message:
            del self._processes[message["failed"]]
        answer = self._answers.get(number or 0)
        if answer is not None:
            answer.message = message
            answer.arrived.set()

    def _guardian_is_gone(self) -> None:
        """The guardian ended, by `close` or before its time: kill the groups that it left from here."""
        self._lost = True
        with self._lock:
            left = list(self._processes.values())
            self._processes.clear()
        for process in left:
            if process.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, SIGKILL)
            process._has_ended(-SIGKILL)
        for answer in list(self._answers.values()):
            answer.arrived.set()


class _Answer:
    """A place for the guardian's answer, which the reader fills."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.message: dict[str, Any] | None = None


def wait_all(processes: Sequence[Process], within_s: float) -> list[Process]:
    """Wait for several processes at once. Returns those that still run after `within_s`."""
    deadline = time.monotonic() + within_s
    return [process for process in processes if process.wait(max(0.0, deadline - time.monotonic())) is None]
