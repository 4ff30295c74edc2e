"""The connection to Redis: a pool, short time-outs, one retry, and an immediate refusal while Redis is away.

redis-py's client takes 73 µs for a GETEX, of which the bare socket takes 27 µs (two cores, loopback). Its pool and its
hooks for retries and metrics take the rest. Its `Connection` alone takes 37 µs, so we have our own pool and retry.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar, cast

import redis.exceptions
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from services.problems import Problem
from services.settings import RedisSettings

TIMEOUT_S: Final = 0.2
"""For connecting, and for each reply. A request waits for it at most twice, or three times if the handshake of a new
connection stalls: 600 ms in the worst case."""

FAIL_FAST_S: Final = 0.25
"""How long after a failure the next attempt is made. Until then requests are refused at once. Otherwise every thread
would wait for a store that is gone, and the next requests would wait for the threads."""

Command = tuple[str | bytes | int, ...]
_Reply = TypeVar("_Reply")
_LOG: Final = logging.getLogger("authlab.store")
_LOST: Final = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)


class _Wire(Protocol):
    """The part of `redis.connection.Connection` that is used here; redis-py has no types for it."""

    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def send_command(self, *command: str | bytes | int) -> None: ...
    def pack_commands(self, commands: tuple[Command, ...]) -> list[bytes]: ...
    def send_packed_command(self, command: list[bytes]) -> None: ...
    def read_response(self) -> Any: ...
    def can_read(self, timeout: float) -> bool: ...


class RedisLink:
    """As many connections as there are threads, opened when first needed. Thread-safe.

    A failure always raises the problem `store_unavailable` (`store_full` if Redis is out of memory).
    """

    def __init__(self, settings: RedisSettings, *, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._idle: queue.SimpleQueue[_Wire] = queue.SimpleQueue()
        self._address = f"{settings.host}:{settings.port}"
        self._away_until = 0.0
        for _ in range(size):
            self._idle.put(_connection(settings))

    def ask(self, *command: str | bytes | int) -> Any:
        """The reply to a command that may be sent twice without harm. It is sent again if the first attempt fails."""
        return self._with_connection(lambda connection: _twice(connection, lambda: _ask(connection, command)))

    def ask_all(self, *commands: Command) -> list[Any]:
        """The replies to several such commands, in one round trip."""
        return self._with_connection(lambda connection: _twice(connection, lambda: _ask_all(connection, commands)))

    def script(self, digest: str, text: str, key: str, *arguments: str | bytes | int) -> Any:
        """The reply of a Lua script that must not run twice for one request.

        Connecting may be repeated, sending may not: after a lost reply nobody knows whether the request was lost, too.
        """
        return self._with_connection(lambda connection: _run_script(connection, digest, text, (1, key, *arguments)))

    def _with_connection(self, work: Callable[[_Wire], _Reply]) -> _Reply:
        self._refuse_while_away()
        try:
            connection = self._idle.get(timeout=TIMEOUT_S)
        except queue.Empty:
            raise Problem("store_unavailable", "All connections to the session store are busy.") from None
        try:
            reply = work(connection)
        except redis.exceptions.OutOfMemoryError:
            raise Problem("store_full") from None
        except (redis.exceptions.RedisError, OSError) as error:
            raise self._failed(error) from error
        finally:
            self._idle.put(connection)
        if self._away_until:
            self._away_until = 0.0
            _LOG.warning("the session store at %s answers again", self._address)
        return reply

    def _refuse_while_away(self) -> None:
        if self._away_until:
            now = self._clock()
            if now < self._away_until:
                raise Problem("store_unavailable")
            self._away_until = now + 3 * TIMEOUT_S  # this thread tries; the others need not try at the same time

    def _failed(self, error: Exception) -> Problem:
        if not self._away_until:
            _LOG.warning("the session store at %s is away: %s", self._address, error)
        self._away_until = self._clock() + FAIL_FAST_S
        return Problem("store_unavailable")


def _connection(settings: RedisSettings) -> _Wire:
    make = cast(Callable[..., _Wire], Connection)
    return make(
        host=settings.host,
        port=settings.port,
        username=settings.username,
        password=settings.password,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        socket_keepalive=True,
        protocol=2,
        retry=Retry(NoBackoff(), 0),  # redis-py 8 tries ten times by default: seconds per request
    )


def _ask(connection: _Wire, command: Command) -> Any:
    connection.send_command(*command)
    return connection.read_response()


def _ask_all(connection: _Wire, commands: tuple[Command, ...]) -> list[Any]:
    connection.send_packed_command(connection.pack_commands(commands))
    try:
        return [connection.read_response() for _ in commands]
    except redis.exceptions.RedisError:
        # The other replies are still coming; the next user of the connection would read them as its own.
        connection.disconnect()
        raise


def _twice(connection: _Wire, work: Callable[[], _Reply]) -> _Reply:
    """Retry once on a new connection: the old one may have died idle while Redis restarted."""
    try:
        return work()
    except _LOST:
        connection.disconnect()
        return work()


def _run_script(connection: _Wire, digest: str, text: str, arguments: Command) -> Any:
    _twice(connection, lambda: _freshen(connection))
    try:
        try:
            return _ask(connection, ("EVALSHA", digest, *arguments))
        except redis.exceptions.NoScriptError:  # Redis was restarted: it has run nothing, and now loads the script
            return _ask(connection, ("EVAL", text, *arguments))
    except _LOST:
        connection.disconnect()
        raise


def _freshen(connection: _Wire) -> None:
    """Connect if necessary, and make sure that the other side has not closed the connection (1.7 µs)."""
    connection.connect()
    if connection.can_read(0):
        raise redis.exceptions.ConnectionError("something unread is left in the connection")
