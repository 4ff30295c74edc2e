"""Signed tokens: JSON Web Tokens by RFC 7519, read as strictly as RFC 8725 asks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from services import base64url
from services.claims import AUDIENCE, ISSUER, Claims, claims_of
from services.clock import Clock, ahead
from services.keyring import Key, Keyring
from services.problems import Problem
from services.settings import Settings
from services.strict_json import read_json
from services.token_codec import TYPE, Codec, PyJWTCodec

__all__ = ["MAX_TOKEN_BYTES", "TYPE", "Tokens", "tokens_of"]

MAX_TOKEN_BYTES: Final = 8000
"""Longer tokens are neither read nor issued. With the header's name, a token must fit into the 8,190 bytes of a field
that gunicorn reads."""

_REMEMBERED_HEADERS: Final = 64


class Tokens:
    """Issues and reads the tokens of a keyring, and issues none of more than `max_bytes`. `clock` gives unix seconds.

    The text of a token and its signature are the codec's: PyJWT's `encode` and `decode`, or the hand-made code of the
    mode `jwt-lean`. The rules are the same for both: header and key are checked before the codec is asked, claims and
    times after it.
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
        codec: Callable[[Keyring], Codec] = PyJWTCodec,
    ) -> None:
        self._keyring = keyring
        self._codec = codec(keyring)
        self._ttl_s = ttl_s
        self._absolute_s = absolute_s
        self._leeway_s = leeway_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._headers: dict[str, Key] = {}

    def issue(self, claims: Claims) -> tuple[str, int]:
        """A token for `claims`, and its lifetime in seconds, which never exceeds the log-in's absolute end.

        `claims.authenticated_at` 0 stands for now. Raises `ValueError` if the token would be too long for a client to
        send back, and the problem `expired` if the log-in has ended: within the leeway its last token is still read.
        """
        now = int(self._clock())
        authenticated_at = claims.authenticated_at or now
        expires = min(now + self._ttl_s, authenticated_at + self._absolute_s)
        if expires <= now:
            raise Problem("expired", "The log-in has ended.")
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
        token = self._codec.signed(payload)
        if len(token) > self._max_bytes:
            raise ValueError("the token would be too long")
        return token, expires - now

    def read(self, token: str) -> Claims:
        """The claims of a valid token. Raises a 401 problem for any other."""
        parts = token.split(".", 3)
        if len(token) > MAX_TOKEN_BYTES or len(parts) != 3:
            raise Problem("malformed")
        head = parts[0]
        key = self._headers.get(head) or self._key_of(head)
        payload = self._codec.payload_of(token, key)
        if len(self._headers) < _REMEMBERED_HEADERS:  # after the signature: nobody without a key of ours can fill it
            self._headers[head] = key
        return claims_of(payload, now=self._clock(), leeway_s=self._leeway_s)

    def _key_of(self, head: str) -> Key:
        """The key that a header names. The few valid headers are remembered by their text.

        PyJWT has no call that reads the `kid` and verifies in one go: `jwt.get_unverified_header` would take the token
        apart a second time at each request. All tokens of a key have the same header, so it is read once.
        """
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
        return key


def tokens_of(
    settings: Settings,
    clock: Clock,
    max_bytes: int = MAX_TOKEN_BYTES,
    codec: Callable[[Keyring], Codec] = PyJWTCodec,
) -> Tokens:
    """What issues and reads tokens by these settings, which must hold a keyring."""
    assert settings.keyring is not None  # noqa: S101 - the settings of a state that needs keys hold it
    return Tokens(
        settings.keyring,
        ttl_s=settings.token_ttl_s,
        absolute_s=settings.session_absolute_s,
        leeway_s=settings.leeway_s,
        max_bytes=max_bytes,
        clock=ahead(clock, settings.clock_ahead_s),
        codec=codec,
    )
