"""A service in the test's process, and a client that keeps its credential apart, to show it or to bend it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.app import create_app
from services.settings import Settings
from services.states import module_of
from services.states.protocol import State
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
    state: State = module_of(settings.state).build(settings, clock)
    app = create_app(settings, state)
    users = json.loads(credentials.read_bytes())["users"]
    return Service(settings, state, app.test_client(use_cookies=False), users)
