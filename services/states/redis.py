"""Sessions in one Redis that all workers share: any worker serves anybody, at one round trip per request."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, Final

from services.carts import MAX_ITEMS, MAX_QUANTITY, cart_full
from services.clock import Clock, ahead
from services.cookie_sessions import CookieSessions
from services.cookies import SessionCookie
from services.problems import Problem
from services.redis_link import RedisLink
from services.session_ids import new_session_id, session_digest
from services.settings import Settings
from services.states.protocol import Session

NEEDS: Final = ("store",)

# A session is one string, `{"u": user, "x": unix second of its absolute expiry, "c": cart}`, under a key that
# expires when it has been idle. GETEX reads it and restarts the idle time in one round trip. Adding reads and writes,
# so it runs as a script inside Redis, atomically: no update is lost, and a session that was logged out does not come
# back.
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
_ADD_DIGEST: Final = hashlib.sha1(_ADD.encode(), usedforsecurity=False).hexdigest()


class RedisSessions:
    """A `SessionStore` in Redis ≥ 6.2. `clock` gives unix seconds, because absolute expiry outlives a process."""

    def __init__(
        self,
        link: RedisLink,
        *,
        prefix: str,
        idle_s: int,
        absolute_s: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._link = link
        self._prefix = prefix + "session:"
        self._idle_s = str(idle_s)
        self._absolute_s = absolute_s
        self._clock = clock

    def create(self, user: str, replaces: str | None) -> str:
        """See `SessionStore`."""
        session_id = new_session_id()
        ends = int(self._clock()) + self._absolute_s
        value = json.dumps({"u": user, "x": ends, "c": {}}, separators=(",", ":"))
        store = ("SET", self._key(session_id), value, "EX", self._idle_s)
        if replaces is not None and session_digest(replaces) is not None:
            _, done = self._link.ask_all(("DEL", self._key(replaces)), store)
        else:
            done = self._link.ask(*store)
        if done != b"OK":
            raise Problem("store_unavailable", "The session store did not store the session.")
        return session_id

    def read(self, session_id: str) -> Session:
        """See `SessionStore`."""
        raw = self._link.ask("GETEX", self._key(session_id), "EX", self._idle_s)
        if raw is None:
            raise Problem("unknown_session")
        session = json.loads(raw)
        if session["x"] <= self._clock():
            self._link.ask("DEL", self._key(session_id))
            raise Problem("expired", "The session has expired.")
        return Session(session["u"], session["c"])

    def add(self, session_id: str, item: str, quantity: int) -> Session:
        """See `SessionStore`."""
        raw: bytes = self._link.script(
            _ADD_DIGEST,
            _ADD,
            self._key(session_id),
            self._idle_s,
            int(self._clock()),
            item,
            quantity,
            MAX_ITEMS,
            MAX_QUANTITY,
        )
        if not raw.startswith(b"{"):
            raise cart_full() if raw == b"cart_full" else Problem(raw.decode())
        session: dict[str, Any] = json.loads(raw)
        return Session(session["u"], session["c"])

    def destroy(self, session_id: str) -> None:
        """See `SessionStore`."""
        if self._link.ask("DEL", self._key(session_id)) == 0:
            raise Problem("unknown_session")

    def _key(self, session_id: str) -> str:
        digest = session_digest(session_id)
        if digest is None:
            raise Problem("unknown_session")
        return self._prefix + digest.hex()


def build(settings: Settings, clock: Clock = time.time) -> CookieSessions:
    """The state of the mode `redis`."""
    assert settings.redis is not None  # noqa: S101 - the settings of this state hold them
    sessions = RedisSessions(
        RedisLink(settings.redis, size=settings.threads),
        prefix=settings.redis.prefix,
        idle_s=settings.session_idle_s,
        absolute_s=settings.session_absolute_s,
        clock=ahead(clock, settings.clock_ahead_s),
    )
    return CookieSessions(
        sessions, SessionCookie.under(tls=settings.tls, instance=settings.instance), settings.session_absolute_s
    )
