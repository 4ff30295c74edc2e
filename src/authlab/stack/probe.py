"""Asks a program whether it answers yet, without asking twice while it still starts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from authlab.host.obituary import last_words
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Process
from authlab.model.errors import LabError

_PAUSE_S = 0.02
_SLICE_S = 0.1
_ADDRESS_IN_USE = ("Address already in use", "Connection in use", "still could not bind")


class Died(LabError):
    """A program ended while we waited for its answer. The message is its obituary."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.obituary())
        self.port_was_taken = any(said in str(self) for said in _ADDRESS_IN_USE)


@dataclass(frozen=True)
class Probe:
    """One question to one program: `ask` returns None when it is ready, else the reason why it isn't yet.

    `ask` gets a function that says whether the answer is still wanted, and must call it often.
    """

    process: Process
    ask: Callable[[Callable[[], bool]], str | None]


def wait_until_ready(probes: Sequence[Probe], within_s: float, *, since: float | None = None) -> None:
    """Ask all questions side by side. Returns when every one has its answer.

    The time counts from `since` (of `time.monotonic`), by default from now. Raises `Died` as soon as one of the
    programs ends, and `LabError` with the names of those that have not answered in time.
    """
    deadline = (time.monotonic() if since is None else since) + within_s
    enough = threading.Event()
    with ThreadPoolExecutor(max(1, len(probes)), thread_name_prefix="probe") as pool:
        try:
            answers = [pool.submit(_ask_until_ready, probe, enough, deadline) for probe in probes]
            while not all(answer.done() for answer in answers):
                for probe in probes:
                    if probe.process.poll() is not None:
                        raise Died(probe.process)
                enough.wait(_PAUSE_S)
        finally:
            enough.set()
    # a program that died just after its answer is dead, too
    for probe in probes:
        if probe.process.poll() is not None:
            raise Died(probe.process)
    silent = [_silence(probe, answer, within_s) for probe, answer in zip(probes, answers, strict=True)]
    if any(silent):
        raise LabError("\n".join(filter(None, silent)))


def _ask_until_ready(probe: Probe, enough: threading.Event, deadline: float) -> str | None:
    def wanted() -> bool:
        return not enough.is_set() and time.monotonic() < deadline

    why: str | None = "was not asked"
    while wanted():
        why = probe.ask(wanted)
        if why is None:
            return None
        enough.wait(_PAUSE_S)
    return why


def _silence(probe: Probe, answer: Future[str | None], within_s: float) -> str | None:
    why = answer.result()
    if why is None:
        return None
    process = probe.process
    words = last_words(process.log, process.log_start)
    return f"{process.name} was not ready within {within_s:g} s ({why}). {words}"


def healthz(port: int, worker: str | None) -> Callable[[Callable[[], bool]], str | None]:
    """Ask for `/healthz` on a loopback port: ready when `worker` (any, if None) answers 200.

    gunicorn listens before it has loaded its application: one connection waits there until that is done.
    """

    def ask(wanted: Callable[[], bool]) -> str | None:
        try:
            status, answered_by = _get(port, "/healthz", wanted)
        except OSError as error:
            return f"port {port}: {error.strerror or error}"
        if status != 200:
            return f"/healthz on port {port} answered {status}"
        if worker is not None and answered_by.partition(".p")[0] != worker:  # one of its processes, if it has several
            return f"port {port} is answered by {answered_by or 'a stranger'}, not by {worker}"
        return None

    return ask


def _get(port: int, path: str, wanted: Callable[[], bool]) -> tuple[int, str]:
    """Status and X-Worker of a GET. Raises OSError on any failure, TimeoutError when it isn't wanted any more."""
    answer = b""
    with socket.create_connection((LOOPBACK, port), 1.0) as connection:
        connection.settimeout(_SLICE_S)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode())
        while b"\r\n\r\n" not in answer:
            try:
                received = connection.recv(65536)
            except TimeoutError:
                if wanted():
                    continue
                raise TimeoutError("accepts connections but does not answer") from None
            if not received:
                raise ConnectionError("closed the connection without an answer")
            answer += received
    status_line, *headers = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    names = {name.strip().lower(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
    try:
        return int(status_line.split(" ", 2)[1]), names.get("x-worker", "")
    except (IndexError, ValueError):
        raise ConnectionError(f"does not speak HTTP ({status_line[:40]!r})") from None
