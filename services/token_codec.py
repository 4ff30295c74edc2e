"""A token's text: how claims become a signed text, and how a text is verified. `services/tokens.py` does the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

import jwt

from services import base64url
from services.claims import AUDIENCE, ISSUER, REQUIRED
from services.keyring import Key, Keyring
from services.problems import Problem
from services.strict_json import read_json

TYPE: Final = "authlab+jwt"
"""The header's `typ`: our own type (RFC 8725, 3.11), so that no other kind of token is accepted as ours."""

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_.-]*")


class Codec(Protocol):
    """Writes tokens with a keyring's active key and verifies those of all its keys."""

    def signed(self, payload: Mapping[str, object]) -> str:
        """The token with these claims."""

    def payload_of(self, token: str, key: Key) -> Any:
        """The payload of a token whose header is ours and names `key`; any JSON value.

        Raises `bad_signature` unless that key signed this very text, `malformed` if the payload is not strict JSON, and
        possibly `bad_claims`.
        """


class _StrictJWT(jwt.PyJWT):
    """PyJWT, but a payload is UTF-8 and has no name twice (RFC 8725, 2.4 and 3.7): `json.loads` allows both.

    `_decode_payload` is the hook that PyJWT documents for this. It is called after the signature was verified.
    """

    def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
        try:
            payload = read_json(decoded["payload"])
        except ValueError:
            raise Problem("malformed") from None
        if not isinstance(payload, dict):
            raise Problem("malformed")
        return payload


class PyJWTCodec:
    """PyJWT's `encode` and `decode` as its documentation shows them, with a `PyJWK` for each key, made once.

    PyJWT verifies the signature by the key's own algorithm, the issuer, the audience, and that no claim is missing.
    It does not judge times: it reads the system's clock, and the service has one of its own (`services/clock.py`).
    """

    def __init__(self, keyring: Keyring) -> None:
        self._jwks = {kid: _jwk(key) for kid, key in keyring.keys.items()}
        self._active = self._jwks[keyring.active.kid]
        self._header = {"kid": keyring.active.kid, "typ": TYPE}
        self._jwt = _StrictJWT(
            {
                "require": list(REQUIRED),
                "strict_aud": True,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            }
        )

    def signed(self, payload: Mapping[str, object]) -> str:
        return self._jwt.encode(dict(payload), self._active, headers=self._header)

    def payload_of(self, token: str, key: Key) -> Any:
        # PyJWT accepts padding. With it, one signature would have several spellings.
        if _ALPHABET.fullmatch(token) is None:
            raise Problem("bad_signature")
        try:
            return self._jwt.decode(token, self._jwks[key.kid], issuer=ISSUER, audience=AUDIENCE)
        except (jwt.DecodeError, jwt.InvalidAlgorithmError):
            raise Problem("bad_signature") from None
        except jwt.InvalidTokenError as error:
            raise Problem("bad_claims", f"{error}.") from None


def _jwk(key: Key) -> jwt.PyJWK:
    """The key for PyJWT. Raises `jwt.InvalidKeyError` if the secret is a public key in disguise."""
    jwk = jwt.PyJWK.from_dict({"kty": "oct", "kid": key.kid, "alg": key.alg, "k": base64url.encode(key.verifying)})
    jwk.Algorithm.prepare_key(jwk.key)
    return jwk
