"""Flask-Session with Redis, set up as its manual says: what most people install for sessions in a store.

What is ours: the contract's answers while the store fails, where Flask would log a bug and answer 500; and the order of
a log-in, which stores the new session before it deletes the old one. The manual's `regenerate` deletes first, so that a
full store would end a session without giving a new one.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any, Final

import redis
from flask import Flask, Request, Response, g, session
from flask.sessions import NullSession, SessionInterface, SessionMixin
from flask_session import Session as FlaskSession

from services.carts import added
from services.clock import Clock
from services.cookies import SessionCookie
from services.problems import Problem
from services.redis_client import pool_of
from services.session_ids import new_session_id
from services.settings import RedisSettings, Settings
from services.states.protocol import NOTHING, Environ, Grant, Session
from services.store_breaker import FAILURES

NEEDS: Final = ("store",)

_LOG: Final = logging.getLogger("authlab.store")


class FlaskSessions:
    """The session is `flask.session`. Flask-Session reads it before each request, and writes it back after each."""

    checks_passwords = True

    def __init__(self, settings: Settings, store: RedisSettings) -> None:
        self._settings = settings
        self._cookie = SessionCookie.under(tls=settings.tls, instance=settings.instance)
        self._prefix = store.prefix + "session:"
        self._client = redis.Redis(connection_pool=pool_of(store, settings.threads, retries=1))
        self.challenge = self._cookie.challenge

    def install(self, app: Flask) -> None:
        """Set up the extension on the application."""
        app.config.update(
            SESSION_TYPE="redis",
            SESSION_REDIS=self._client,
            SESSION_KEY_PREFIX=self._prefix,
            SESSION_COOKIE_NAME=self._cookie.name,
            SESSION_COOKIE_SECURE=self._settings.tls,
            SESSION_COOKIE_SAMESITE="Lax",
            PERMANENT_SESSION_LIFETIME=timedelta(seconds=self._settings.session_idle_s),
        )
        FlaskSession(app)
        app.session_interface = _Answering(app.session_interface, self._client, self._prefix)

    def admit(self, environ: Environ) -> None:
        pass  # SameSite=Lax, and JSON alone is read: `services/bodies.py`

    def session(self, environ: Environ) -> Session:
        _refuse_if_failed()
        user = session.get("user")
        if user is None:
            self._require_cookie(environ)
            raise Problem("unknown_session")
        return Session(user, session["cart"])

    def log_in(self, environ: Environ, user: str) -> Grant:  # noqa: ARG002 - Flask-Session has read the request
        _refuse_if_failed()
        current: Any = session
        if session.get("user") is not None:
            g.replaced = current.sid
        session.clear()
        session["user"], session["cart"] = user, {}
        current.sid = new_session_id()
        return Grant({"expires_in": self._settings.session_idle_s})

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        user, cart = self.session(environ)
        session["cart"] = added(cart, item, quantity)
        return Session(user, session["cart"]), NOTHING

    def log_out(self, environ: Environ) -> Grant:
        # A session that is over already is what the caller wants, and its cookie must go as well.
        _refuse_if_failed()
        self._require_cookie(environ)
        session.clear()
        return NOTHING

    def _require_cookie(self, environ: Environ) -> None:
        if next(self._cookie.values(environ.get("HTTP_COOKIE", "")), None) is None:
            raise Problem("missing", "The session cookie is missing.")


class _Answering(SessionInterface):
    """Flask-Session's interface. Where the store fails, the request gets the contract's answer."""

    def __init__(self, inner: SessionInterface, client: redis.Redis, prefix: str) -> None:
        self._inner = inner
        self._client = client
        self._prefix = prefix

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        try:
            return self._inner.open_session(app, request)
        except FAILURES as error:
            g.store_failed = _problem_of(error)  # raised by whoever needs the session; /healthz does not
            return NullSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        try:
            self._inner.save_session(app, session, response)
            if "replaced" in g:
                self._client.delete(self._prefix + g.replaced)
        except redis.exceptions.OutOfMemoryError as error:
            if session.modified:  # else only the idle time could not begin anew, and the answer holds
                _answer(app, response, _problem_of(error))
        except FAILURES as error:
            _answer(app, response, _problem_of(error))


def _refuse_if_failed() -> None:
    problem: Problem | None = g.get("store_failed")
    if problem is not None:
        raise problem


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return Problem("store_full")
    _LOG.warning("the session store is away: %s", error)
    return Problem("store_unavailable")


def _answer(app: Flask, response: Response, problem: Problem) -> None:
    """Turn the response, which is complete but for the session, into the refusal."""
    refusal = app.make_response(app.handle_user_exception(problem))
    response.status = refusal.status
    response.headers = refusal.headers
    response.set_data(refusal.get_data())


def build(settings: Settings, clock: Clock = time.time) -> FlaskSessions:  # noqa: ARG001 - Redis' clock ends sessions
    """The state of the mode `flask-session`."""
    assert settings.redis is not None  # noqa: S101 - the settings of this state hold them
    return FlaskSessions(settings, settings.redis)
