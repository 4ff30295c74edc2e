"""What reading a session costs at the store itself: the round trip of a GETEX, and how much it adds to the file.

The connection speaks the same protocol as the service's (services/redis_client.py), and the command is that of
services/redis_sessions.py. Key and value are as long as a session's, because most of what is written is the key.
"""

from __future__ import annotations

import secrets
import socket
import time
from typing import BinaryIO, Final

from authlab.host.ports import LOOPBACK
from authlab.model.errors import LabError
from authlab.model.session_store import StoreProbe
from authlab.stack.store_server import connected

_PREFIX: Final = "authlab:redis:session:"
"""The prefix of the service's keys. 32 random bytes in hex follow, like the hash of a session's id."""

_VALUE: Final = '{"u":"user-0001","x":1764201600,"c":{}}'
_TTL_S: Final = 60
"""The key is removed at the end. If the lab is killed before that, it expires by itself."""

_WARM_UP_CALLS: Final = 5
_WRITTEN_WITHIN_S: Final = 5.0
"""While the file is being flushed, Redis delays writing to it by two seconds at most."""

_PAUSE_S: Final = 0.005


def probe(port: int, password: str, calls: int, timeout_s: float, host: str = LOOPBACK) -> StoreProbe:
    """Read a test session `calls` times. `timeout_s` limits the wait for each answer. Raises `LabError`."""
    if calls < 1:
        raise ValueError(f"a probe needs at least one call, not {calls}")
    try:
        with connected(host, port, timeout_s) as connection, connection.makefile("rb") as answers:
            return _Asking(connection, answers).probe(password, calls)
    except OSError as error:
        raise LabError(f"the store at port {port} can't be probed: {error.strerror or error}. See its log.") from error


class _Asking:
    """One connection: a command, then its answer."""

    def __init__(self, connection: socket.socket, answers: BinaryIO) -> None:
        self._connection = connection
        self._answers = answers

    def probe(self, password: str, calls: int) -> StoreProbe:
        self._ask(_packed("AUTH", password))
        key = _PREFIX + secrets.token_hex(32)
        self._ask(_packed("SET", key, _VALUE, "EX", str(_TTL_S)))
        read = _packed("GETEX", key, "EX", str(_TTL_S))
        for _ in range(_WARM_UP_CALLS):
            self._ask(read)
        before = self._written()
        took_us = tuple(self._timed_us(read) for _ in range(calls))
        after = self._written()
        self._ask(_packed("DEL", key))
        return StoreProbe(took_us, None if before is None or after is None else after - before)

    def _timed_us(self, read: bytes) -> float:
        begun = time.perf_counter_ns()
        answer = self._ask(read)
        took_us = (time.perf_counter_ns() - begun) / 1000
        if answer != _VALUE.encode():
            raise LabError(f"the store lost the test session of the probe: it answered {answer!r}.")
        return took_us

    def _written(self) -> int | None:
        """The append-only file's length in bytes when everything is written to it. None if there is no such file."""
        deadline = time.monotonic() + _WRITTEN_WITHIN_S
        while True:
            lines = self._ask(_packed("INFO", "persistence")).decode().splitlines()
            said = dict(line.split(":", 1) for line in lines if ":" in line)
            if said.get("aof_enabled") != "1":
                return None
            if said["aof_buffer_length"] == "0":
                return int(said["aof_current_size"])
            if time.monotonic() > deadline:
                raise LabError(
                    f"the store did not write its append-only file within {_WRITTEN_WITHIN_S:g} s: "
                    f"{said['aof_buffer_length']} bytes wait. Is the disk full or very slow? See its log."
                )
            time.sleep(_PAUSE_S)

    def _ask(self, command: bytes) -> bytes:
        self._connection.sendall(command)
        head = self._answers.readline()
        if not head.endswith(b"\r\n"):
            raise ConnectionError("the store closed the connection")
        kind, said = head[:1], head[1:-2]
        if kind == b"-":
            raise LabError(f"the store can't be probed: it answered {said.decode(errors='replace')!r}.")
        if kind != b"$" or said == b"-1":
            return said
        return self._answers.read(int(said) + 2)[:-2]


def _packed(*words: str) -> bytes:
    """A command of the Redis protocol, as clients send it."""
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    return f"*{len(words)}\r\n{''.join(parts)}".encode()
