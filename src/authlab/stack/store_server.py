"""The session store: one Redis-compatible server on loopback, with a password that no process list shows."""

from __future__ import annotations

import socket
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Guardian, Process
from authlab.stack.programs import Program
from authlab.stack.secrets import write_secret

_CONF = "redis.conf"


def prepare(folder: Path, *, port: int, password: str, persistent: bool = False) -> None:
    """Write the server's configuration, readable only by us, into its `folder` (its data folder too).

    What is the same in containers stands in compose/store/redis.conf. `persistent` keeps an append-only file, flushed
    every second: what survives a restart of the server.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [
        (content_root() / "compose" / "store" / "redis.conf").read_text(encoding="utf-8"),
        f"bind {LOOPBACK}",
        f"port {port}",
        f"requirepass {password}",
        f"appendonly {'yes' if persistent else 'no'}",
    ]
    write_secret(folder / _CONF, "".join(f"{line}\n" for line in lines))


def start(guardian: Guardian, program: Program, folder: Path, log: Path) -> Process:
    """Start the server in a prepared `folder`."""
    return guardian.spawn("the store", [str(program.path), _CONF], log=log, cwd=folder)


def why_not_ready(port: int, password: str, timeout_s: float) -> str | None:
    """None if the server at `port` takes the password and answers PING, else what is in the way."""
    request = f"AUTH {password}\r\nPING\r\n".encode()  # inline commands of the Redis protocol
    try:
        with socket.create_connection((LOOPBACK, port), timeout_s) as connection:
            connection.sendall(request)
            answer = b""
            while answer.count(b"\r\n") < 2:
                received = connection.recv(256)
                if not received:
                    return f"port {port} closed the connection"
                answer += received
    except OSError as error:
        return f"port {port}: {error.strerror or error}"
    # it says LOADING until its data is read, WRONGPASS if it is a stranger
    return None if answer == b"+OK\r\n+PONG\r\n" else f"port {port} answered {answer.decode(errors='replace')!r}"
