"""How a user authenticates, whatever the mode: bearer token, cookies, or the lab's own header.

The lab's plan says how the credential travels. Without a plan the service's answer decides, not the mode's name:
`access_token` → bearer; a cookie → cookies; neither → the `X-Lab-User` header of the control mode, which also carries
the cart (state that other modes keep). If the answer also has a `csrf_token`, it is sent back in `X-CSRF-Token` with
every call that changes something.

Locust's own cookie jar is `http.cookiejar`, which parses every answer again and costs about as much as the request
itself. Ours (`jar.py`) looks at cookies only when an answer sets one, or one expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard

from lab_load.jar import HERE, Jar
from lab_load.site import Site

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
    `lapsed`: a cookie that came with it has expired, so it may be incomplete. A service that then refuses is right.
    """

    def __init__(self, user: str, way: str = ANSWER, site: Site = HERE) -> None:
        self._user = user
        self._way = way
        self._jar = Jar(site)
        self._claimed_ns = 0
        self._token: str | None = None
        self._csrf: str | None = None
        self._by_name = False
        self._cart = ""
        self._kept = False
        self.lapsed = False
        self.number = 0
        self.issued_ns = 0
        self.expires_ns = 0
        self.headers: dict[str, str] = {}
        self.unsafe_headers: dict[str, str] = {}

    def forget(self) -> None:
        """Before a new log-in: no credential is sent. The routing cookie stays, as in a browser."""
        self._token, self._csrf, self._by_name, self._cart, self.lapsed = None, None, False, "", False
        self._jar.keep_only(_routes)
        self._rebuild()

    def logged_in(self, body: Mapping[str, Any], set_cookies: Iterable[str], now_ns: int, path: str = "/login") -> bool:
        """Adopt what a log-in at `path` answered; false where it has no credential of the kind that is to travel."""
        self._jar.take(set_cookies, path, now_ns)
        token = body.get("access_token") if self._way in (BEARER, ANSWER) else None
        self._token = token if _fits_a_header(token) else None
        secret = body.get("csrf_token") if self._way in (COOKIE_AND_CSRF, ANSWER) else None
        self._csrf = secret if _fits_a_header(secret) else None
        has_cookie = _more_than_routes(self._jar.names)
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

    def answered(self, set_cookies: Iterable[str], now_ns: int, body: Mapping[str, Any], path: str = "/") -> None:
        """Adopt the cookies of an answer to a request for `path`.

        A new value in a cookie that is not for routing is a new credential. The same value with a later end is the
        same credential, which is then good for longer.
        """
        if self._kept:
            return
        changed = self._jar.take(set_cookies, path, now_ns)
        if self.number and _more_than_routes(changed) and self._way not in (HEADER, BEARER):
            self._issue(body, now_ns)
            return
        if self._travels_in_cookies and self._jar.first_end_ns(but=_routes):
            self._claimed_ns = 0
            self._settle()
        if changed:
            self._rebuild()

    def to_send(self, path: str, now_ns: int, *, unsafe: bool) -> dict[str, str]:
        """The headers of a request for `path` that is sent at `now_ns`. `unsafe`: its method changes something."""
        jar = self._jar
        if 0 < jar.next_end_ns <= now_ns and not self._kept:  # whoever has a copy does not look at its end
            if _more_than_routes(jar.drop_expired(now_ns)) and self._travels_in_cookies:
                self.lapsed = True
            self._rebuild()
        headers = self.unsafe_headers if unsafe else self.headers
        if jar.everywhere:
            return headers
        return {**headers, "Cookie": cookies} if (cookies := jar.header(path)) else without_cookies(headers)

    def saw_cart(self, cart: str) -> None:
        """Remember the cart for the control mode, where the client carries it."""
        if self._by_name and cart != self._cart:
            self._cart = cart
            self._rebuild()

    def _issue(self, body: Mapping[str, Any], now_ns: int) -> None:
        lifetime_s = body.get("expires_in")
        self.number += 1
        self.lapsed = False
        self.issued_ns = now_ns
        self._claimed_ns = now_ns + int(lifetime_s * 1e9) if isinstance(lifetime_s, (int, float)) else 0
        self._settle()
        self._rebuild()

    @property
    def _travels_in_cookies(self) -> bool:
        return self._way in (COOKIE, COOKIE_AND_CSRF) or (
            self._way == ANSWER and self._token is None and not self._by_name
        )

    def _settle(self) -> None:
        """It expires when the answer says so or, if that is earlier, with the first of its cookies."""
        cookies_ns = self._jar.first_end_ns(but=_routes) if self._travels_in_cookies else 0
        self.expires_ns = min((end for end in (self._claimed_ns, cookies_ns) if end), default=0)

    def _rebuild(self) -> None:
        headers = {}
        if cookies := self._jar.header():
            headers["Cookie"] = cookies
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


def _more_than_routes(cookies: Iterable[str]) -> bool:
    """Whether one of the cookies of those names is for more than routing."""
    return not all(map(_routes, cookies))


def _fits_a_header(token: object) -> TypeGuard[str]:
    """Check that a header can hold it. JSON can hold a line end, which would let a service forge our headers."""
    return isinstance(token, str) and token.isascii() and token.isprintable() and token != ""


def without_cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request that carries no cookie."""
    return {name: value for name, value in headers.items() if name != "Cookie"}
