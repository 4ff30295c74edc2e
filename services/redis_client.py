"""The link to Redis as redis-py documents it: `redis.Redis` on a blocking connection pool, and a registered script.

What is our own is the refusal while the store is away (`services/store_breaker.py`). pybreaker would be a library for
it, but it holds a lock during each call: eight threads would wait for one another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, cast

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from services.redis_sessions import Script
from services.settings import RedisSettings
from services.store_breaker import Breaker

_LONGEST_WAITS: Final = 3
"""A call waits for the time limit at most three times: a reply, then a new connection, twice."""


class RedisClient:
    """Clients for as many threads as `size`. Connections are opened when first needed. Thread-safe.

    There are two, on pools of their own, because redis-py repeats a command by a rule of the connection: one asks again
    on a new connection if the first reply is lost, and `once` never asks twice.
    """

    def __init__(self, settings: RedisSettings, *, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = redis.Redis(connection_pool=pool_of(settings, size, retries=1))
        self.once = redis.Redis(connection_pool=pool_of(settings, size, retries=0))
        self._breaker = Breaker(
            f"{settings.host}:{settings.port}",
            attempt_s=_LONGEST_WAITS * settings.timeout_s,
            renew=self._drop_idle,
            clock=clock,
        )
        self.call = self._breaker.call

    def read(self, key: str, extend_s: int) -> bytes | None:
        """See `Link`."""
        return cast("bytes | None", self.call(self.client.getex, key, ex=extend_s))

    def write(self, key: str, value: str, life_s: int) -> bool:
        """See `Link`."""
        return bool(self.call(self.client.set, key, value, ex=life_s))

    def delete(self, key: str) -> bool:
        """See `Link`."""
        return bool(self.call(self.client.delete, key))

    def script(self, text: str) -> Script:
        """See `Link`."""
        registered = self.once.register_script(text)

        def run(key: str, *arguments: Any) -> bytes:
            return cast(bytes, self.call(registered, keys=[key], args=arguments))

        return run

    def _drop_idle(self) -> None:
        for client in (self.client, self.once):
            client.connection_pool.disconnect(inuse_connections=False)


def pool_of(settings: RedisSettings, size: int, *, retries: int) -> redis.BlockingConnectionPool:
    """A pool of up to `size` connections, which repeats a command `retries` times if its reply is lost."""
    # Everything is said to the pool: `redis.Redis` ignores time limits and retries if it is given one.
    make = cast(Callable[..., redis.BlockingConnectionPool], redis.BlockingConnectionPool)  # it has no types
    return make(
        max_connections=size,
        timeout=settings.timeout_s,  # for a free connection; by default 20 s
        **connection_options(settings, retries=retries),
        # After a fail-over the node at the other end refuses to write. This drops the connection to it.
        retry_on_error=[ReadOnlyError],
    )


def connection_options(settings: RedisSettings, *, retries: int) -> dict[str, Any]:
    """What redis-py must know of any connection: where the store is, how long to wait for it, how often to repeat."""
    return {
        "host": settings.host,
        "port": settings.port,
        "username": settings.username,
        "password": settings.password,
        "socket_timeout": settings.timeout_s,
        "socket_connect_timeout": settings.timeout_s,
        "socket_keepalive": True,
        "protocol": 2,  # a shorter handshake; nothing here needs version 3
        "retry": Retry(NoBackoff(), retries),  # by default ten, with pauses: seconds per request
    }
