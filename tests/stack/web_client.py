"""A small HTTP client for stack tests: keeps cookies as a browser does, and shows the whole answer."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from authlab.stack.secrets import Secrets

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def worker(self) -> str:
        """X-Worker, empty where the proxy itself answered."""
        return self.headers.get("x-worker", "")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Browser:
    """One client of one stack. Each request has a connection of its own."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.ask("GET", path, None, headers)

    def post(self, path: str, content: object, **headers: str) -> Answer:
        """POST of JSON."""
        return self.ask("POST", path, json.dumps(content), headers | {"Content-Type": "application/json"})

    def ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        """One request with our cookies; cookies that the answer sets are kept."""
        place = urlsplit(self.url)
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def log_in(self, secrets: Secrets, number: int = 1) -> Answer:
        """Log in as one of the secrets' users, and keep the credential, whichever kind it is."""
        user = json.loads(secrets.credentials.read_text())["users"][number - 1]
        answer = self.post("/login", user)
        assert answer.status == 200, answer
        token = answer.json.get("access_token")
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"
        return answer
