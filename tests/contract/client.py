"""A client that knows the contract and no mode: it keeps whatever credential a log-in gave it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 10.0
ROUTING_COOKIE = "authlab_route"
"""How the name of the proxy's cookie begins, which proves nothing."""


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case), the `Set-Cookie` lines, and the body."""

    status: int
    headers: Mapping[str, str]
    set_cookies: tuple[str, ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """The reason of a problem; fails for anything else."""
        assert self.headers["content-type"] == "application/problem+json", self
        document = self.json
        assert document["status"] == self.status
        assert document["type"]
        assert document["title"]
        return str(document["reason"])

    @property
    def worker(self) -> str:
        """The worker that answered."""
        return self.headers["x-worker"]

    def session_cookie(self) -> str | None:
        """The `Set-Cookie` line of the session or of the token, as it came."""
        return next((line for line in self.set_cookies if not line.startswith(ROUTING_COOKIE)), None)


@dataclass
class Client:
    """Cookies, bearer token and, where the server keeps none of it, user name and cart."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    csrf: dict[str, str] = field(default_factory=dict)
    """The header that goes with whatever changes something, where the log-in gave a CSRF token."""

    def at(self, url: str) -> Client:
        """The same credential (a copy), at another address."""
        return Client(url, dict(self.cookies), dict(self.headers), dict(self.csrf))

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own; what it answers about the credential is kept."""
        sent = {**self.headers, **(self.csrf if method == "POST" else {}), **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            lines = tuple(response.headers.get_all("Set-Cookie") or ())
            answer = Answer(response.status, names, lines, response.read())
        finally:
            connection.close()
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """GET."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, content: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """POST of JSON, or of nothing."""
        if content is None:
            return self.ask("POST", path, headers=headers)
        return self.ask("POST", path, json.dumps(content), {"Content-Type": "application/json", **(headers or {})})

    def log_in(self, username: str, password: str) -> Answer:
        """Log in and keep the credential, whichever kind it is."""
        answer = self.post("/login", {"username": username, "password": password})
        if answer.status == 200:
            if "access_token" in answer.json:
                self._keep_token(answer)
            elif answer.session_cookie() is None:
                self.headers["X-Lab-User"] = username
            self.csrf = {"X-CSRF-Token": answer.json["csrf_token"]} if "csrf_token" in answer.json else {}
        return answer

    def add(self, item: str, quantity: int | None = None) -> Answer:
        """Put something into the cart; keep the new token or cart where the client is what holds it."""
        content: dict[str, object] = {"item": item} if quantity is None else {"item": item, "quantity": quantity}
        answer = self.post("/cart/items", content)
        if answer.status == 200:
            if "access_token" in answer.json:
                self._keep_token(answer)
            elif "X-Lab-User" in self.headers:
                entries = answer.json["cart"].items()
                self.headers["X-Lab-Cart"] = " ".join(f"{name}*{number}" for name, number in entries)
        return answer

    def credential(self) -> str | None:
        """What proves who we are: token or session id."""
        cookies = (value for name, value in self.cookies.items() if not name.startswith(ROUTING_COOKIE))
        return self.headers.get("Authorization") or next(cookies, None)

    def _keep_token(self, answer: Answer) -> None:
        self.headers["Authorization"] = f"Bearer {answer.json['access_token']}"
