"""State in the client: the signed token of `jwt` in a cookie that no script can read, guarded against forged calls.

A browser sends a cookie with every request, no matter which page caused it. A call that changes something must
therefore come from a page of ours (`services/origins.py`) and repeat, in the header `X-CSRF-Token`, a secret that the
log-in sent to that page. The secret is 128 random bits inside the signed claims. It belongs to one log-in and needs no
second cookie, which a sibling domain could plant (the weakness of an unsigned double submit).
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from services.carts import added
from services.claims import Claims
from services.clock import Clock
from services.cookies import SessionCookie
from services.origins import Origins
from services.problems import Problem
from services.settings import Settings
from services.states.protocol import Environ, Grant, Session
from services.tokens import Tokens, tokens_of

NEEDS: Final = ("keys",)

MAX_COOKIE_BYTES: Final = 4096
"""Name, value and attributes that a browser must be able to keep (RFC 6265, 6.1). It drops a longer one silently."""

_SECRET_BYTES: Final = 16


class CookieTokens:
    """As `BearerTokens`, but the browser keeps the token and sends it by itself.

    If a request has several cookies of the name, the first valid token counts. For a call that changes something it is
    the one whose secret the page sent.
    """

    checks_passwords = True

    def __init__(self, tokens: Tokens, cookie: SessionCookie, origins: Origins) -> None:
        self._tokens = tokens
        self._cookie = cookie
        self._origins = origins
        self.challenge = cookie.challenge

    def admit(self, environ: Environ) -> None:
        # Log-in too: otherwise somebody else's page could log its visitor in as its own user (login CSRF).
        self._origins.admit(environ)

    def session(self, environ: Environ) -> Session:
        claims = next(self._live(environ))
        return Session(claims.user, claims.cart)

    def log_in(self, environ: Environ, user: str) -> Grant:  # noqa: ARG002 - nothing of the request lives on
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        members, headers = self._issued(Claims(user, {}, 0, secret))
        return Grant({**members, "csrf_token": secret}, headers)

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        claims = self._intended(environ)
        cart = added(claims.cart, item, quantity)
        return Session(claims.user, cart), Grant(*self._issued(claims._replace(cart=cart)))

    def log_out(self, environ: Environ) -> Grant:
        # The browser deletes the token. A copy of it still works until it expires. A token that works no longer has
        # nothing left to protect by a secret, and must go as well.
        try:
            self._intended(environ)
        except Problem as problem:
            if problem.reason == "bad_claims":  # valid, but for something else: it is refused as everywhere, and goes
                raise Problem(problem.reason, problem.detail, [self._cookie.cleared()]) from None
            if problem.status != HTTPStatus.UNAUTHORIZED or problem.reason == "missing":
                raise
        return Grant(headers=(self._cookie.cleared(),))

    def _live(self, environ: Environ) -> Iterator[Claims]:
        """The claims of every valid token. If there is none, the first one's refusal is raised."""
        refusal = Problem("missing", "The token cookie is missing.")
        valid = 0
        for token in filter(None, self._cookie.values(environ.get("HTTP_COOKIE", ""))):
            try:
                claims = self._claims(token)
            except Problem as problem:
                refusal = problem if refusal.reason == "missing" else refusal
            else:
                valid += 1
                yield claims
        if not valid:
            raise refusal

    def _claims(self, token: str) -> Claims:
        claims = self._tokens.read(token)
        if not claims.csrf:  # one of the mode `jwt`, signed with the same key: it was not issued for a cookie
            raise Problem("bad_claims", "The token was not issued for a cookie.")
        return claims

    def _intended(self, environ: Environ) -> Claims:
        """The claims of a request whose sender knows the secret of this log-in."""
        brought = _bytes(environ.get("HTTP_X_CSRF_TOKEN", ""))
        for claims in self._live(environ):
            if hmac.compare_digest(brought, _bytes(claims.csrf)):
                return claims
        raise Problem("csrf")

    def _issued(self, claims: Claims) -> tuple[dict[str, object], tuple[tuple[str, str]]]:
        try:
            token, expires_in = self._tokens.issue(claims)
        except ValueError:
            raise Problem("cart_full", "The cart no longer fits into a cookie.") from None
        return {"expires_in": expires_in}, (self._cookie.carrying(token),)


def _bytes(text: str) -> bytes:
    """`compare_digest` refuses text beyond ASCII, which a header may hold."""
    return text.encode("utf-8", "surrogatepass")


def build(settings: Settings, clock: Clock = time.time) -> CookieTokens:
    """The state of the mode `jwt-cookie`."""
    cookie = token_cookie(tls=settings.tls, instance=settings.instance)
    tokens = tokens_of(settings, clock, max_bytes=room_in(cookie))
    return CookieTokens(tokens, cookie, Origins(settings.origins, tls=settings.tls))


def token_cookie(*, tls: bool, instance: str = "") -> SessionCookie:
    """The cookie that holds the token."""
    return SessionCookie.under(tls=tls, instance=instance, name="authlab_token")


def room_in(cookie: SessionCookie) -> int:
    """The bytes that every browser keeps in a cookie's value."""
    return MAX_COOKIE_BYTES - len(cookie.carrying("")[1])
