"""An immediate refusal while the store is away, and its failures as problems. For every kind of link to a store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import redis.exceptions

from services.problems import Problem

FAIL_FAST_S: Final = 0.25
"""How long after a failure the next attempt is made. Until then requests are refused at once. Otherwise every thread
would wait for a store that is gone, and the next requests would wait for the threads."""

FAILURES: Final = (redis.exceptions.RedisError, OSError)
"""What a link raises when the store does not do as it should."""

_Arguments = ParamSpec("_Arguments")
_Reply = TypeVar("_Reply")
_LOG: Final = logging.getLogger("authlab.store")


class Breaker:
    """Calls the store, unless it has just failed. Thread-safe, and no lock is held during a call.

    A failure always raises the problem `store_unavailable` (`store_full` if the store takes no more data). `address` is
    for the log. `attempt_s` is the longest time that one call may take. `renew` is called before the one attempt that
    ends an outage. It should drop idle connections: after a fail-over they lead to a node that is no longer in charge
    and would refuse one request after the other.
    """

    def __init__(
        self,
        address: str,
        *,
        attempt_s: float,
        renew: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._attempt_s = attempt_s
        self._renew = renew
        self._clock = clock
        self._away_until = 0.0

    def call(
        self, work: Callable[_Arguments, _Reply], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Reply:
        """What `work` returns."""
        if self._away_until:
            self._refuse_while_away()
        try:
            reply = work(*arguments, **named)
        except redis.exceptions.OutOfMemoryError:
            raise Problem("store_full") from None
        except FAILURES as error:
            raise self._failed(error) from error
        if self._away_until:
            self._away_until = 0.0
            _LOG.warning("the session store at %s answers again", self._address)
        return reply

    def _refuse_while_away(self) -> None:
        now = self._clock()
        if now < self._away_until:
            raise Problem("store_unavailable")
        self._away_until = now + self._attempt_s  # this thread tries; the others need not try at the same time
        self._renew()

    def _failed(self, error: Exception) -> Problem:
        if not self._away_until:
            _LOG.warning("the session store at %s is away: %s", self._address, error)
        self._away_until = self._clock() + FAIL_FAST_S
        return Problem("store_unavailable")
