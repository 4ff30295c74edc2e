"""Sessions named by a cookie, in any store."""

from __future__ import annotations

from typing import Protocol

from services.cookies import SessionCookie
from services.problems import Problem
from services.states.protocol import Environ, Grant, Session


class SessionStore(Protocol):
    """Where sessions are kept, under a hash of their id. Each method raises `Problem` as `State` says."""

    def create(self, user: str, replaces: str | None) -> str:
        """The id of a new session of `user`. If there is a session with the id `replaces`, it ends."""

    def read(self, session_id: str) -> Session:
        """The session. Its idle time restarts."""

    def add(self, session_id: str, item: str, quantity: int) -> Session:
        """The session after the addition, which is atomic. Its idle time restarts."""

    def destroy(self, session_id: str) -> None:
        """End the session."""


class CookieSessions:
    """The `State` of every mode whose credential is a session cookie."""

    checks_passwords = True

    def __init__(self, store: SessionStore, cookie: SessionCookie, absolute_s: int) -> None:
        self._store = store
        self._cookie = cookie
        # The idle time-out may end a session earlier. This is its latest end.
        self._members = {"expires_in": absolute_s}
        self.challenge = cookie.challenge

    def admit(self, environ: Environ) -> None:
        pass  # SameSite=Lax, and JSON alone is read: `services/bodies.py`

    def session(self, environ: Environ) -> Session:
        return self._store.read(self._presented(environ))

    def log_in(self, environ: Environ, user: str) -> Grant:
        # A session from before the log-in ends with it, so nobody can plant one (session fixation).
        session_id = self._store.create(user, replaces=self._cookie.read(environ.get("HTTP_COOKIE", "")))
        return Grant(self._members, (self._cookie.carrying(session_id),))

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        return self._store.add(self._presented(environ), item, quantity), Grant()

    def log_out(self, environ: Environ) -> Grant:
        self._store.destroy(self._presented(environ))
        return Grant(headers=(self._cookie.cleared(),))

    def _presented(self, environ: Environ) -> str:
        session_id = self._cookie.read(environ.get("HTTP_COOKIE", ""))
        if session_id is None:
            raise Problem("missing", "The session cookie is missing.")
        return session_id
