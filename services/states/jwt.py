"""State in the client: a signed token in the Authorization header, which holds the cart as well."""

from __future__ import annotations

import time
from typing import Final

from services.carts import added
from services.claims import Claims
from services.clock import Clock
from services.problems import Problem
from services.settings import Settings
from services.states.protocol import NOTHING, Environ, Grant, Session
from services.tokens import Tokens, tokens_of

NEEDS: Final = ("keys",)


class BearerTokens:
    """Any worker that knows the keys serves any user, and nothing can be revoked before it expires."""

    checks_passwords = True
    challenge = 'Bearer realm="authlab"'

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def admit(self, environ: Environ) -> None:
        pass  # no browser sends this header by itself

    def session(self, environ: Environ) -> Session:
        claims = self._claims(environ)
        return Session(claims.user, claims.cart)

    def log_in(self, environ: Environ, user: str) -> Grant:  # noqa: ARG002 - nothing of the request lives on
        return self._grant(Claims(user, {}, 0))

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        claims = self._claims(environ)
        cart = added(claims.cart, item, quantity)
        return Session(claims.user, cart), self._grant(claims._replace(cart=cart))

    def log_out(self, environ: Environ) -> Grant:
        # A stateless token allows no more: the client forgets it. Until it expires it still works. One that has expired
        # is over, which is what the caller wants. Any other refusal says that the client sends a wrong token.
        try:
            self._claims(environ)
        except Problem as problem:
            if problem.reason != "expired":
                raise
        return NOTHING

    def _claims(self, environ: Environ) -> Claims:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem("missing", "The bearer token is missing.")
        return self._tokens.read(token.strip(" "))

    def _grant(self, claims: Claims) -> Grant:
        try:
            token, expires_in = self._tokens.issue(claims)
        except ValueError:
            raise Problem("cart_full", "The cart no longer fits into a token.") from None
        return Grant({"access_token": token, "token_type": "Bearer", "expires_in": expires_in})


def build(settings: Settings, clock: Clock = time.time) -> BearerTokens:
    """The state of the mode `jwt`."""
    return BearerTokens(tokens_of(settings, clock))
