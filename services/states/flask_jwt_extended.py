"""State in the client, by Flask-JWT-Extended as its documentation configures it: what most people install.

Same keys, algorithm, lifetime, issuer and audience as `jwt`; the cart is an additional claim. The key is chosen by
`kid` through the loaders that the extension offers for this. Everything else is its default.

More than `jwt`: tokens from several places, hooks for a denylist and for loading a user, the claims `nbf`, `type` and
`fresh`. Every token is read twice, first without verification, to choose the key.

Less: no `typ` of its own; no check of the kinds of the claims, of names that occur twice, of the JSON's encoding, or of
a header that says more than it should; several spellings of one signature. Times are compared with the system's clock
instead of the service's, so `clock.json` has no effect. docs/modes/flask-jwt-extended.md lists what follows from that.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import jwt
from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from flask_jwt_extended import JWTManager, create_access_token, get_jwt, get_jwt_identity, verify_jwt_in_request
from jwt.exceptions import InvalidJTIError, InvalidSubjectError

from services.carts import Cart, added, valid_cart
from services.claims import AUDIENCE, ISSUER
from services.clock import Clock
from services.keyring import Keyring
from services.problems import Problem
from services.settings import Settings
from services.states.protocol import NOTHING, Environ, Grant, Session
from services.tokens import MAX_TOKEN_BYTES

NEEDS: Final = ("keys",)

_REASONS: Final[Mapping[type[jwt.InvalidTokenError], str]] = {
    jwt.InvalidSignatureError: "bad_signature",
    jwt.InvalidAlgorithmError: "bad_signature",
    jwt.ImmatureSignatureError: "not_yet_valid",
    jwt.MissingRequiredClaimError: "bad_claims",
    jwt.InvalidAudienceError: "bad_claims",
    jwt.InvalidIssuerError: "bad_claims",
    InvalidSubjectError: "bad_claims",
    jwt.InvalidIssuedAtError: "bad_claims",
    InvalidJTIError: "bad_claims",
}
"""What PyJWT raises → our reason. The extension has one loader for all of them."""


class ExtendedTokens:
    """As `BearerTokens`, by the extension. `install` must have been called before the first request."""

    checks_passwords = True
    challenge = 'Bearer realm="authlab"'

    def __init__(self, settings: Settings, keyring: Keyring, clock: Clock) -> None:
        self._settings = settings
        self._keyring = keyring
        self._clock = clock

    def install(self, app: Flask) -> None:
        """Configure the application and register the extension with it."""
        settings, keyring = self._settings, self._keyring
        app.config.update(
            JWT_ALGORITHM=keyring.active.alg,
            JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings.token_ttl_s),
            JWT_DECODE_LEEWAY=settings.leeway_s,
            JWT_ENCODE_ISSUER=ISSUER,
            JWT_DECODE_ISSUER=ISSUER,
            JWT_ENCODE_AUDIENCE=AUDIENCE,
            JWT_DECODE_AUDIENCE=AUDIENCE,
        )
        manager = JWTManager(app)
        manager.encode_key_loader(lambda _identity: keyring.active.signing)
        manager.additional_headers_loader(lambda _identity: {"kid": keyring.active.kid})
        manager.decode_key_loader(self._key_for)
        manager.unauthorized_loader(lambda _why: _answer("missing"))
        manager.invalid_token_loader(lambda _why: _answer("malformed"))
        manager.expired_token_loader(lambda _header, _payload: _answer("expired"))
        for error, reason in _REASONS.items():
            app.register_error_handler(error, partial(_answer_to, reason))

    def admit(self, environ: Environ) -> None:
        pass  # no browser sends this header by itself

    def session(self, environ: Environ) -> Session:  # noqa: ARG002 - the extension reads Flask's request
        verify_jwt_in_request()
        cart = get_jwt().get("cart", {})
        if not valid_cart(cart):
            raise Problem("bad_claims", "The token's cart is not a cart.")
        return Session(get_jwt_identity(), cart)

    def log_in(self, environ: Environ, user: str) -> Grant:  # noqa: ARG002 - nothing of the request lives on
        return self._grant(user, {}, int(self._clock()))

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        user, cart = self.session(environ)
        cart = added(cart, item, quantity)
        authenticated_at = get_jwt().get("auth_time")
        if type(authenticated_at) is not int:
            raise Problem("bad_claims", "The claim auth_time is missing or of the wrong kind.")
        return Session(user, cart), self._grant(user, cart, authenticated_at)

    def log_out(self, environ: Environ) -> Grant:
        # As in `jwt`: the client forgets the token, and one that has expired is over already.
        with suppress(jwt.ExpiredSignatureError):
            self.session(environ)
        return NOTHING

    def _key_for(self, header: Mapping[str, Any], payload: Mapping[str, Any]) -> Any:  # noqa: ARG002
        key = self._keyring.keys.get(header.get("kid", ""))
        if key is None:
            raise Problem("bad_signature", "The token was not signed by a key of this service.")
        return key.verifying

    def _grant(self, user: str, cart: Cart, authenticated_at: int) -> Grant:
        left_s = authenticated_at + self._settings.session_absolute_s - int(self._clock())
        if left_s <= 0:  # to the extension, a lifetime of 0 would mean a token that never expires
            raise Problem("expired", "The log-in has ended.")
        lives_s = min(self._settings.token_ttl_s, left_s)
        token = create_access_token(
            user,
            expires_delta=timedelta(seconds=lives_s),
            additional_claims={"auth_time": authenticated_at, "cart": cart},
        )
        if len(token) > MAX_TOKEN_BYTES:
            raise Problem("cart_full", "The cart no longer fits into a token.")
        return Grant({"access_token": token, "token_type": "Bearer", "expires_in": lives_s})


def _answer(reason: str) -> ResponseReturnValue:
    """What the application answers to a `Problem`: a loader must return the answer."""
    return current_app.handle_user_exception(Problem(reason))


def _answer_to(reason: str, _error: Exception) -> ResponseReturnValue:
    return _answer(reason)


def build(settings: Settings, clock: Clock = time.time) -> ExtendedTokens:
    """The state of the mode `flask-jwt-extended`."""
    assert settings.keyring is not None  # noqa: S101 - the settings of a state that needs keys hold it
    return ExtendedTokens(settings, settings.keyring, clock)
