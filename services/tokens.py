"""Signed tokens: JSON Web Tokens by RFC 7519, read as strictly as RFC 8725 asks."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Final

from jwt.algorithms import HMACAlgorithm

from services import base64url
from services.claims import AUDIENCE, ISSUER, Claims, claims_of
from services.clock import Clock, ahead
from services.keyring import Key, Keyring
from services.problems import Problem
from services.settings import Settings
from services.strict_json import read_json

TYPE: Final = "authlab+jwt"
"""The header's `typ`: our own type (RFC 8725, 3.11), so that no other kind of token is accepted as ours."""

MAX_TOKEN_BYTES: Final = 8000
"""Longer tokens are neither read nor issued. With the header's name, a token must fit into the 8,190 bytes of a field
that gunicorn reads."""

_REMEMBERED_HEADERS: Final = 64
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))  # `json.dumps` makes one per call

_ALGORITHMS: Final = {"HS256": HMACAlgorithm(HMACAlgorithm.SHA256)}
"""PyJWT's implementations of signing and verifying, by the name of the algorithm."""


class Tokens:
    """Issues and reads the tokens of a keyring, and issues none of more than `max_bytes`. `clock` gives unix seconds.

    The cryptography is PyJWT's. The compact form around it (RFC 7515, 7.1) is written and parsed here. The reason is
    speed: `jwt.encode` and `jwt.decode` look for PEM, SSH, DER and JWK in the secret for every token. Here that is done
    once, when the keyring is loaded. Tests show that PyJWT reads what is issued here, and that nothing is accepted here
    which `jwt.decode` refuses.
    """

    def __init__(
        self,
        keyring: Keyring,
        *,
        ttl_s: int,
        absolute_s: int,
        leeway_s: int,
        max_bytes: int = MAX_TOKEN_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        for key in keyring.keys.values():
            _ALGORITHMS[key.alg].prepare_key(key.verifying)  # raises if the secret is a public key in disguise
        self._keyring = keyring
        active = keyring.active
        self._active_head = _part({"alg": active.alg, "kid": active.kid, "typ": TYPE})
        self._ttl_s = ttl_s
        self._absolute_s = absolute_s
        self._leeway_s = leeway_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._headers: dict[str, Key] = {}

    def issue(self, claims: Claims) -> tuple[str, int]:
        """A token for `claims`, and its lifetime in seconds, which never exceeds the log-in's absolute end.

        `claims.authenticated_at` 0 stands for now. Raises `ValueError` if the token would be too long for a client to
        send back.
        """
        now = int(self._clock())
        authenticated_at = claims.authenticated_at or now
        expires = min(now + self._ttl_s, authenticated_at + self._absolute_s)
        payload: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.user,
            "iat": now,
            "exp": expires,
            "jti": secrets.token_urlsafe(16),
            "auth_time": authenticated_at,
            "cart": claims.cart,
        }
        if claims.csrf:
            payload["csrf"] = claims.csrf
        key = self._keyring.active
        signed = f"{self._active_head}.{_part(payload)}"
        signature = _ALGORITHMS[key.alg].sign(signed.encode(), key.signing)
        token = f"{signed}.{base64url.encode(signature)}"
        if len(token) > self._max_bytes:
            raise ValueError("the token would be too long")
        return token, expires - now

    def read(self, token: str) -> Claims:
        """The claims of a valid token. Raises a 401 problem for any other."""
        parts = token.split(".", 3)
        if len(token) > MAX_TOKEN_BYTES or len(parts) != 3:
            raise Problem("malformed")
        head, body, signature = parts
        key = self._headers.get(head) or self._key_of(head)
        if not self._holds(key, f"{head}.{body}", signature):
            raise Problem("bad_signature")
        try:
            payload = read_json(base64url.decode(body))
        except ValueError:
            raise Problem("malformed") from None
        return claims_of(payload, now=self._clock(), leeway_s=self._leeway_s)

    def _holds(self, key: Key, signed: str, signature: str) -> bool:
        try:
            return _ALGORITHMS[key.alg].verify(signed.encode(), key.verifying, base64url.decode(signature))
        except ValueError:
            return False

    def _key_of(self, head: str) -> Key:
        """The key that a header names. The few valid headers are cached by their text."""
        try:
            header = read_json(base64url.decode(head))
        except ValueError:
            raise Problem("malformed") from None
        # Nothing but these three: no `crit`, and no `jku`, `x5u`, `jwk`, which would bring a key along.
        if not isinstance(header, dict) or set(header) != {"alg", "kid", "typ"} or header["typ"] != TYPE:
            raise Problem("malformed", "The token's header is not that of our tokens.")
        kid, alg = header["kid"], header["alg"]
        key = self._keyring.keys.get(kid) if isinstance(kid, str) else None
        if key is None or alg != key.alg:
            raise Problem("bad_signature", "The token was not signed by a key of this service.")
        if len(self._headers) < _REMEMBERED_HEADERS:
            self._headers[head] = key
        return key


def tokens_of(settings: Settings, clock: Clock, max_bytes: int = MAX_TOKEN_BYTES) -> Tokens:
    """What issues and reads tokens by these settings, which must hold a keyring."""
    assert settings.keyring is not None  # noqa: S101 - the settings of a state that needs keys hold it
    return Tokens(
        settings.keyring,
        ttl_s=settings.token_ttl_s,
        absolute_s=settings.session_absolute_s,
        leeway_s=settings.leeway_s,
        max_bytes=max_bytes,
        clock=ahead(clock, settings.clock_ahead_s),
    )


def _part(members: dict[str, object]) -> str:
    """A JSON object as one part of the compact form."""
    return base64url.encode(_ENCODER.encode(members).encode())
