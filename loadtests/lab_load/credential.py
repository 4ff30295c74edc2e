"""How a user authenticates, whatever the mode: bearer token, cookies, or the lab's own header.

The lab's plan says how the credential travels. Without a plan the service's answer decides, not the mode's name:
`access_token` → bearer; a cookie → cookies; neither → the `X-Lab-User` header of the control mode, which also carries
the cart (state that other modes keep). If the answer also has a `csrf_token`, it is sent back in `X-CSRF-Token` with
every call that changes something.

Locust's own cookie jar is `http.cookiejar`, which parses every answer again and costs about as much as the request
itself. A load test of one host needs only names, values and deletions.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeGuard

ROUTING_COOKIE = "authlab_route"
"""How the cookie's name begins with which nginx keeps a client on its worker. Instances on one host have names of their
own (`authlab_route_8080`). It is sent back always, but proves nothing."""


ANSWER: Final = "answer"
HEADER, COOKIE, BEARER, COOKIE_AND_CSRF = "header", "cookie", "bearer", "cookie+csrf"
WAYS: Final = (HEADER, COOKIE, BEARER, COOKIE_AND_CSRF, ANSWER)
"""How a credential may travel; `ANSWER`: as each answer to a log-in says."""


class Credential:
    """One user's credential, which travels in one of `WAYS`.

    `number` counts them from 1 (0: none yet); its text never leaves this object. `headers` are ready to send: they are
    rebuilt only when something changes. `unsafe_headers` are those of methods that change something (RFC 9110, 9.2.1).
    """

    def __init__(self, user: str, way: str = ANSWER) -> None:
        self._user = user
        self._way = way
        self._cookies: dict[str, str] = {}
        self._token: str | None = None
        self._csrf: str | None = None
        self._by_name = False
        self._cart = ""
        self._kept = False
        self.number = 0
        self.issued_ns = 0
        self.expires_ns = 0
        self.headers: dict[str, str] = {}
        self.unsafe_headers: dict[str, str] = {}

    def forget(self) -> None:
        """Before a new log-in: no credential is sent. The routing cookie stays, as in a browser."""
        self._token, self._csrf, self._by_name, self._cart = None, None, False, ""
        self._cookies = {name: value for name, value in self._cookies.items() if _routes(name)}
        self._rebuild()

    def logged_in(self, body: Mapping[str, Any], set_cookies: Iterable[str], now_ns: int) -> bool:
        """Adopt what a log-in answered; false where it has no credential of the kind that is to travel."""
        self._keep(set_cookies)
        token = body.get("access_token") if self._way in (BEARER, ANSWER) else None
        self._token = token if _fits_a_header(token) else None
        secret = body.get("csrf_token") if self._way in (COOKIE_AND_CSRF, ANSWER) else None
        self._csrf = secret if _fits_a_header(secret) else None
        has_cookie = not all(map(_routes, self._cookies))
        self._by_name = self._way == HEADER or (self._way == ANSWER and self._token is None and not has_cookie)
        self._issue(body, now_ns)
        came = {
            BEARER: self._token is not None,
            COOKIE: has_cookie,
            COOKIE_AND_CSRF: has_cookie and self._csrf is not None,
        }
        return came.get(self._way, True)

    def renewed(self, body: Mapping[str, Any], now_ns: int) -> None:
        """Adopt the new token that an answer brought, if it brought one."""
        token = body.get("access_token")
        if self._token is not None and _fits_a_header(token) and not self._kept:
            self._token = token
            self._issue(body, now_ns)

    def keep(self) -> None:
        """Keep the credential as it is, whatever answers set or delete: like somebody who has a copy of it."""
        self._kept = True

    def answered(self, set_cookies: Iterable[str], now_ns: int, body: Mapping[str, Any]) -> None:
        """Adopt an answer's cookies. A new value in a cookie that is not for routing is a new credential."""
        if self._kept:
            return
        changed = self._keep(set_cookies)
        if self.number and not all(map(_routes, changed)) and self._way not in (HEADER, BEARER):
            self._issue(body, now_ns)
        elif changed:
            self._rebuild()

    def _keep(self, set_cookies: Iterable[str]) -> set[str]:
        """Store the cookies. Returns the names of those that are new, have another value or are gone."""
        changed = set()
        for line in set_cookies:
            name, value = parse_set_cookie(line)
            if self._cookies.get(name) != value:
                changed.add(name)
                if value is None:
                    del self._cookies[name]
                else:
                    self._cookies[name] = value
        return changed

    def saw_cart(self, cart: str) -> None:
        """Remember the cart for the control mode, where the client carries it."""
        if self._by_name and cart != self._cart:
            self._cart = cart
            self._rebuild()

    def _issue(self, body: Mapping[str, Any], now_ns: int) -> None:
        lifetime_s = body.get("expires_in")
        self.number += 1
        self.issued_ns = now_ns
        self.expires_ns = now_ns + int(lifetime_s * 1e9) if isinstance(lifetime_s, (int, float)) else 0
        self._rebuild()

    def _rebuild(self) -> None:
        headers = {}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._by_name:
            headers["X-Lab-User"] = self._user
            if self._cart:
                headers["X-Lab-Cart"] = self._cart
        self.headers = headers
        self.unsafe_headers = headers if self._csrf is None else {**headers, "X-CSRF-Token": self._csrf}


def _routes(cookie: str) -> bool:
    """Whether the cookie of that name is for routing only."""
    return cookie == ROUTING_COOKIE or cookie.startswith(ROUTING_COOKIE + "_")


def _fits_a_header(token: object) -> TypeGuard[str]:
    """Check that a header can hold it. JSON can hold a line end, which would let a service forge our headers."""
    return isinstance(token, str) and token.isascii() and token.isprintable() and token != ""


def parse_set_cookie(line: str) -> tuple[str, str | None]:
    """Name and value of one Set-Cookie line; the value is None when the line deletes the cookie (RFC 6265, 5.2)."""
    pair, *attributes = line.split(";")
    name, _, value = pair.partition("=")
    expired: bool | None = None
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        key = key.strip().lower()
        if key == "max-age":  # has precedence over Expires
            expired = text.strip().startswith("-") or text.strip() == "0"
            break
        if key == "expires":
            expired = _in_the_past(text.strip())
    return name.strip(), None if expired else value.strip()


def _in_the_past(date: str) -> bool:
    try:
        return parsedate_to_datetime(date).timestamp() <= time.time()
    except ValueError:
        return False
