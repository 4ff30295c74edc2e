"""The session store: one Redis-compatible server on loopback, with a password that no process list shows."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Guardian, Process
from authlab.model.errors import LabError
from authlab.model.session_store import Persistence
from authlab.stack.programs import Program
from authlab.stack.secrets import write_secret

_CONF = "redis.conf"


def prepare(folder: Path, *, port: int, password: str, persistence: Persistence = "none") -> None:
    """Write the server's configuration, readable only by us, into its `folder` (also its data folder).

    Containers use the same compose/store/redis.conf, and compose/keys/keys.py adds the same lines for `persistence`.
    With an append-only file the data survives a restart of the server.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        (content_root() / "compose" / "store" / "redis.conf").read_text(encoding="utf-8"),
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        *(["appendonly no"] if persistence == "none" else ["appendonly yes", f"appendfsync {persistence}"]),
    ]
    write_secret(folder / _CONF, "".join(f"{line}\n" for line in lines))


def start(guardian: Guardian, program: Program, folder: Path, log: Path) -> Process:
    """Start the server in a prepared `folder`."""
    return guardian.spawn("the store", [str(program.path), _CONF], log=log, cwd=folder)


def why_not_ready(port: int, password: str, timeout_s: float, host: str = LOOPBACK) -> str | None:
    """None if the server there accepts the password and answers PING, else the reason."""
    try:
        answers = _ask(host, port, password, ["PING"], 2, timeout_s)
    except OSError as error:
        return f"port {port}: {error.strerror or error}"
    # it says LOADING until its data is read, and WRONGPASS if it is not our server
    said = "; ".join(line.decode(errors="replace") for line in answers)
    return None if answers == [b"+OK", b"+PONG"] else f"port {port} answered {said!r}"


def flush(port: int, password: str, timeout_s: float, host: str = LOOPBACK) -> int:
    """Remove every key. Returns how many there were. Raises `LabError`."""
    try:
        answers = _ask(host, port, password, ["MULTI", "DBSIZE", "FLUSHALL", "EXEC"], 7, timeout_s)
    except OSError as error:
        raise LabError(f"the store at port {port} can't be emptied: {error.strerror or error}") from error
    *_, count, done = answers
    if done != b"+OK" or not count.startswith(b":"):
        raise LabError(f"the store at port {port} can't be emptied: it answered {answers!r}")
    return int(count[1:])


def round_trips_ms(port: int, password: str, times: int, timeout_s: float, host: str = LOOPBACK) -> list[float]:
    """How long each of some PINGs takes to be answered, on one connection. Raises OSError."""
    took = []
    with connected(host, port, timeout_s) as connection:
        _asked(connection, [f"AUTH {password}"], 1)
        for _ in range(times):
            begun = time.perf_counter()
            if _asked(connection, ["PING"], 1) != [b"+PONG"]:
                raise ConnectionError("the store does not answer PING")
            took.append((time.perf_counter() - begun) * 1000)
    return took


def _ask(host: str, port: int, password: str, commands: Sequence[str], lines: int, timeout_s: float) -> list[bytes]:
    with connected(host, port, timeout_s) as connection:
        return _asked(connection, [f"AUTH {password}", *commands], lines)


def connected(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connection that sends at once. `timeout_s` limits each wait. Raises OSError."""
    connection = socket.create_connection((host, port), timeout_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _asked(connection: socket.socket, commands: Sequence[str], lines: int) -> list[bytes]:
    """Send inline commands of the Redis protocol. Returns the answer's lines, up to a refusal."""
    connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
    answer = b""
    while True:
        *said, _ = answer.split(b"\r\n")
        if len(said) >= lines or any(line.startswith(b"-") for line in said):
            return said
        received = connection.recv(4096)
        if not received:
            raise ConnectionError("closed the connection")
        answer += received
