"""The sessions of `redis`, over a link written by hand below redis-py's documented client: what tuning reaches.

redis-py's client takes two to three times as long for a GETEX as the bare socket. Its pool and its hooks for retries
and metrics take most of that. This link has its own pool and retry, on redis-py's `Connection` alone.
"""

from __future__ import annotations

import hashlib
import queue
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

import redis.exceptions
from redis.connection import Connection

from services.clock import Clock
from services.cookie_sessions import CookieSessions
from services.problems import Problem
from services.redis_client import connection_options
from services.redis_sessions import Script, sessions_over
from services.settings import RedisSettings, Settings
from services.store_breaker import Breaker

NEEDS: Final = ("store",)

_LONGEST_WAITS: Final = 3
"""A call waits for the time limit at most twice, or three times if the handshake of a new connection stalls."""

_Word = str | bytes | int
_LOST: Final = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)
_NOT_HERE: Final = (*_LOST, redis.exceptions.ReadOnlyError)
"""Worth a new connection. After a fail-over the node at the other end refuses to write, and the next one does not."""


class _Wire(Protocol):
    """The part of `redis.connection.Connection` that is used here; redis-py has no types for it."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def send_command(self, *command: _Word) -> None: ...
    def read_response(self) -> Any: ...
    def can_read(self, timeout: float) -> bool: ...


class LeanLink:
    """As many connections as there are threads, opened when first needed. Thread-safe."""

    def __init__(self, settings: RedisSettings, *, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_s = settings.timeout_s
        self._idle: queue.SimpleQueue[_Wire] = queue.SimpleQueue()
        self._breaker = Breaker(
            f"{settings.host}:{settings.port}",
            attempt_s=_LONGEST_WAITS * settings.timeout_s,
            renew=self._drop_idle,
            clock=clock,
        )
        for _ in range(size):
            self._idle.put(_connection(settings))

    def read(self, key: str, extend_s: int) -> bytes | None:
        """See `Link`."""
        return cast("bytes | None", self._ask("GETEX", key, "EX", extend_s))

    def write(self, key: str, value: str, life_s: int) -> bool:
        """See `Link`."""
        return bool(self._ask("SET", key, value, "EX", life_s) == b"OK")

    def delete(self, key: str) -> bool:
        """See `Link`."""
        return bool(self._ask("DEL", key))

    def script(self, text: str) -> Script:
        """See `Link`. Connecting may be repeated, sending may not."""
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

        def run(key: str, *arguments: _Word) -> bytes:
            return cast(bytes, self._breaker.call(self._with_connection, _run_script, digest, text, key, *arguments))

        return run

    def _ask(self, *command: _Word) -> Any:
        return self._breaker.call(self._with_connection, _ask_twice, *command)

    def _with_connection(self, work: Callable[..., Any], *arguments: _Word) -> Any:
        try:
            connection = self._idle.get(timeout=self._timeout_s)
        except queue.Empty:
            raise Problem("store_unavailable", "All connections to the session store are busy.") from None
        try:
            return work(connection, *arguments)
        finally:
            self._idle.put(connection)

    def _drop_idle(self) -> None:
        """All of them are taken out first, so no other thread uses one that is being closed."""
        taken = []
        try:
            while True:
                taken.append(self._idle.get_nowait())
        except queue.Empty:
            for connection in taken:
                connection.disconnect()
                self._idle.put(connection)


def _connection(settings: RedisSettings) -> _Wire:
    make = cast(Callable[..., _Wire], Connection)
    return make(**connection_options(settings, retries=0))  # the retries are ours, below


def _ask(connection: _Wire, *command: _Word) -> Any:
    connection.send_command(*command)
    return connection.read_response()


def _ask_twice(connection: _Wire, *command: _Word) -> Any:
    """Retry once on a new connection: the old one may have died idle while Redis restarted."""
    try:
        return _ask(connection, *command)
    except _NOT_HERE:
        connection.disconnect()
        return _ask(connection, *command)


def _run_script(connection: _Wire, digest: str, text: str, key: str, *arguments: _Word) -> Any:
    try:
        _freshen(connection)
    except _LOST:
        connection.disconnect()
        _freshen(connection)
    try:
        try:
            return _ask(connection, "EVALSHA", digest, 1, key, *arguments)
        except redis.exceptions.NoScriptError:  # Redis was restarted: it has run nothing, and now loads the script
            return _ask(connection, "EVAL", text, 1, key, *arguments)
    except _NOT_HERE:
        connection.disconnect()
        raise


def _freshen(connection: _Wire) -> None:
    """Connect if necessary, and make sure that the other side has not closed the connection (1.7 µs)."""
    connection.connect()
    if connection.can_read(0):
        raise redis.exceptions.ConnectionError("something unread is left in the connection")


def build(settings: Settings, clock: Clock = time.time) -> CookieSessions:
    """The state of the mode `redis-lean`."""
    assert settings.redis is not None  # noqa: S101 - the settings of this state hold them
    return sessions_over(LeanLink(settings.redis, size=settings.threads), settings, clock)
