"""Sessions named by a cookie, in any store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Protocol, TypeVar

from services.cookies import SessionCookie
from services.problems import Problem
from services.states.protocol import Environ, Grant, Session

_Used = TypeVar("_Used")


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
    """The `State` of every mode whose credential is a session cookie.

    If a request has several cookies of the name, the first one with a live session counts. A log-in replaces the
    sessions of all of them, and a log-out ends them all.
    """

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
        return self._first_live(environ, self._store.read)

    def log_in(self, environ: Environ, user: str) -> Grant:
        # A session from before the log-in ends with it, so nobody can plant one (session fixation).
        presented = self._presented(environ)
        session_id = self._store.create(user, replaces=next(presented, None))
        for further in presented:
            self._end(further)
        return Grant(self._members, (self._cookie.carrying(session_id),))

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        return self._first_live(environ, lambda session_id: self._store.add(session_id, item, quantity)), Grant()

    def log_out(self, environ: Environ) -> Grant:
        # A session that is over already is what the caller wants, and its cookie must go as well.
        presented = list(self._presented(environ))
        if not presented:
            raise _missing()
        for session_id in presented:
            self._end(session_id)
        return Grant(headers=(self._cookie.cleared(),))

    def _presented(self, environ: Environ) -> Iterator[str]:
        return self._cookie.values(environ.get("HTTP_COOKIE", ""))

    def _first_live(self, environ: Environ, use: Callable[[str], _Used]) -> _Used:
        """What `use` makes of the first session that is live. If none is, the first one's refusal is raised."""
        refusal: Problem | None = None
        for session_id in self._presented(environ):
            try:
                return use(session_id)
            except Problem as problem:
                if problem.status != HTTPStatus.UNAUTHORIZED:
                    raise
                refusal = refusal or problem
        raise refusal or _missing()

    def _end(self, session_id: str) -> None:
        """End a session, if it is not over already."""
        try:
            self._store.destroy(session_id)
        except Problem as problem:
            if problem.status != HTTPStatus.UNAUTHORIZED:
                raise


def _missing() -> Problem:
    return Problem("missing", "The session cookie is missing.")
