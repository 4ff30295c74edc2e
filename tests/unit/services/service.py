"""A service in the test's process, and a client that keeps its credential apart, to show it or to bend it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.app import create_app
from services.cookie_sessions import CookieSessions
from services.cookies import SessionCookie
from services.origins import Origins
from services.redis_link import RedisLink
from services.session_table import SessionTable
from services.settings import Settings
from services.states import jwt, jwt_cookie, none, redis
from services.states.protocol import State
from services.tokens import MAX_TOKEN_BYTES, Tokens
from werkzeug.test import Client, TestResponse

Headers = Mapping[str, str]


@dataclass
class Clock:
    """Seconds that pass when the test says so; whole, as the claims of a token are."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Service:
    """The application and the users who may log in."""

    settings: Settings
    state: State
    client: Client
    users: list[dict[str, str]]

    def get(self, path: str, headers: Headers | None = None) -> TestResponse:
        """GET with these headers and no cookie of an earlier answer."""
        return self.client.get(path, headers=dict(headers or {}))

    def post(self, path: str, body: object = None, headers: Headers | None = None) -> TestResponse:
        """POST of JSON, or of nothing."""
        if body is None:
            return self.client.post(path, headers=dict(headers or {}))
        return self.client.post(path, json=body, headers=dict(headers or {}))

    def log_in(self, number: int = 0, headers: Headers | None = None) -> dict[str, str]:
        """The headers that carry the credential of a new log-in."""
        answer = self.post("/login", self.users[number], headers)
        assert answer.status_code == 200, answer.text
        return credential_in(answer)


def credential_in(answer: TestResponse) -> dict[str, str]:
    """What a client must send from now on, whichever kind of credential the answer gives; the CSRF token included."""
    body: dict[str, Any] = json.loads(answer.data)
    if "access_token" in body:
        return {"Authorization": f"Bearer {body['access_token']}"}
    cookie = answer.headers.get("Set-Cookie")
    if cookie is None:
        return {"X-Lab-User": body["user"]}
    csrf = {"X-CSRF-Token": body["csrf_token"]} if "csrf_token" in body else {}
    return {"Cookie": cookie.split(";", 1)[0], **csrf}


def reason(answer: TestResponse) -> tuple[int, str]:
    """Status and reason of a refusal, which must be a well-formed problem."""
    assert answer.content_type == "application/problem+json", answer.text
    document = json.loads(answer.data)
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:authlab:problem:{document['reason']}"
    return answer.status_code, document["reason"]


def service_with(settings: Settings, credentials: Path, clock: Clock) -> Service:
    """The service on a clock of its own. (The idle time in Redis is Redis's own, and real.)"""
    state = _state(settings, clock)
    app = create_app(settings, state)
    users = json.loads(credentials.read_bytes())["users"]
    return Service(settings, state, app.test_client(use_cookies=False), users)


def _state(settings: Settings, clock: Clock) -> State:
    lives = {"idle_s": settings.session_idle_s, "absolute_s": settings.session_absolute_s}
    cookie = SessionCookie.under(tls=settings.tls)
    match settings.state:
        case "none":
            return none.build(settings)
        case "memory":
            table = SessionTable(**lives, capacity=settings.max_sessions, clock=clock)
            return CookieSessions(table, cookie, settings.session_absolute_s)
        case "redis":
            assert settings.redis is not None
            link = RedisLink(settings.redis, size=settings.threads)
            sessions = redis.RedisSessions(link, prefix=settings.redis.prefix, **lives, clock=clock)
            return CookieSessions(sessions, cookie, settings.session_absolute_s)
        case "jwt_cookie":
            held_in = jwt_cookie.token_cookie(tls=settings.tls)
            tokens = tokens_of(settings, clock, jwt_cookie.room_in(held_in))
            return jwt_cookie.CookieTokens(tokens, held_in, Origins(settings.origins, tls=settings.tls))
    return jwt.BearerTokens(tokens_of(settings, clock))


def tokens_of(settings: Settings, clock: Clock, max_bytes: int = MAX_TOKEN_BYTES) -> Tokens:
    """What issues and reads the tokens of these settings."""
    assert settings.keyring is not None
    return Tokens(
        settings.keyring,
        ttl_s=settings.token_ttl_s,
        absolute_s=settings.session_absolute_s,
        leeway_s=settings.leeway_s,
        max_bytes=max_bytes,
        clock=clock,
    )
