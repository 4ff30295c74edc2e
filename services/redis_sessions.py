"""Sessions in one Redis: their keys, their values, and what the store is asked. How it is asked is the link's part.

A session is one string, `{"u": user, "x": unix second of its absolute expiry, "c": cart}`, under a key that expires
when it has been idle. GETEX reads it and restarts the idle time in one round trip. Adding reads and writes, so it runs
as a script inside Redis, atomically: no update is lost, and a session that was logged out does not come back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from services.carts import MAX_ITEMS, MAX_QUANTITY, cart_full
from services.clock import Clock, ahead
from services.cookie_sessions import CookieSessions
from services.cookies import SessionCookie
from services.problems import Problem
from services.session_ids import new_session_id, session_digest
from services.settings import Settings
from services.states.protocol import Session

_ADD: Final = """
local raw = redis.call('GET', KEYS[1])
if not raw then return 'unknown_session' end
local session = cjson.decode(raw)
if session.x <= tonumber(ARGV[2]) then
  redis.call('DEL', KEYS[1])
  return 'expired'
end
local cart, item = session.c, ARGV[3]
local before = cart[item]
if not before then
  local items = 0
  for _ in pairs(cart) do items = items + 1 end
  if items >= tonumber(ARGV[5]) then return 'cart_full' end
end
cart[item] = (before or 0) + tonumber(ARGV[4])
if cart[item] > tonumber(ARGV[6]) then return 'cart_full' end
raw = cjson.encode(session)
redis.call('SET', KEYS[1], raw, 'EX', ARGV[1])
return raw
"""

Script = Callable[..., bytes]
"""Runs a script on one key, given first, with the arguments that follow."""


class Link(Protocol):
    """What a link to Redis must offer to sessions. Thread-safe.

    Failures are problems (`services/store_breaker.py`). All but a script may be sent twice if the first reply is lost.
    """

    def read(self, key: str, extend_s: int) -> bytes | None:
        """The value, whose remaining life is `extend_s` from now on; None if there is none."""

    def write(self, key: str, value: str, life_s: int) -> bool:
        """Store a value for so many seconds. Returns whether it was stored."""

    def delete(self, key: str) -> bool:
        """Whether there was something to delete."""

    def script(self, text: str) -> Script:
        """A Lua script, which never runs twice for one call. After a lost reply nobody knows whether it has run."""


class RedisSessions:
    """A `SessionStore` in Redis ≥ 6.2. `clock` gives unix seconds, because absolute expiry outlives a process."""

    def __init__(
        self,
        link: Link,
        *,
        prefix: str,
        idle_s: int,
        absolute_s: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._add = link.script(_ADD)
        self._prefix = prefix + "session:"
        self._idle_s = idle_s
        self._absolute_s = absolute_s
        self._clock = clock

    def create(self, user: str, replaces: str | None) -> str:
        """See `SessionStore`."""
        session_id = new_session_id()
        ends = int(self._clock()) + self._absolute_s
        value = json.dumps({"u": user, "x": ends, "c": {}}, separators=(",", ":"))
        if not self._link.write(self._key(session_id), value, self._idle_s):
            raise Problem("store_unavailable", "The session store did not store the session.")
        # Only now: if a full store refuses the new session, the client still has the old one.
        if replaces is not None and session_digest(replaces) is not None:
            self._link.delete(self._key(replaces))
        return session_id

    def read(self, session_id: str) -> Session:
        """See `SessionStore`."""
        raw = self._link.read(self._key(session_id), self._idle_s)
        if raw is None:
            raise Problem("unknown_session")
        session = json.loads(raw)
        if session["x"] <= self._clock():
            self._link.delete(self._key(session_id))
            raise Problem("expired", "The session has expired.")
        return Session(session["u"], session["c"])

    def add(self, session_id: str, item: str, quantity: int) -> Session:
        """See `SessionStore`."""
        now = int(self._clock())
        raw = self._add(self._key(session_id), self._idle_s, now, item, quantity, MAX_ITEMS, MAX_QUANTITY)
        if not raw.startswith(b"{"):
            raise cart_full() if raw == b"cart_full" else Problem(raw.decode())
        session: dict[str, Any] = json.loads(raw)
        return Session(session["u"], session["c"])

    def destroy(self, session_id: str) -> None:
        """See `SessionStore`."""
        if not self._link.delete(self._key(session_id)):
            raise Problem("unknown_session")

    def _key(self, session_id: str) -> str:
        digest = session_digest(session_id)
        if digest is None:
            raise Problem("unknown_session")
        return self._prefix + digest.hex()


def sessions_over(link: Link, settings: Settings, clock: Clock) -> CookieSessions:
    """The state of a mode that keeps its sessions behind this link."""
    assert settings.redis is not None  # noqa: S101 - the settings of these states hold them
    sessions = RedisSessions(
        link,
        prefix=settings.redis.prefix,
        idle_s=settings.session_idle_s,
        absolute_s=settings.session_absolute_s,
        clock=ahead(clock, settings.clock_ahead_s),
    )
    cookie = SessionCookie.under(tls=settings.tls, instance=settings.instance)
    return CookieSessions(sessions, cookie, settings.session_absolute_s)
