"""State in the client, as in `jwt`, with the token's text written and read by hand: what hand-tuning reaches.

Only the codec differs from `jwt`. The cryptography is PyJWT's. The compact form around it (RFC 7515, 7.1) is written
and parsed here. Three things make it fast: the algorithm's key is prepared once, while `jwt.encode` and `jwt.decode`
look for PEM, SSH, DER and JWK in the secret for every token; the header is not read again once its key is known; and
base64url is checked by the decoder, not one character after the other.

Tests show that PyJWT reads what is issued here, and that nothing is accepted here which `jwt.decode` refuses.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from jwt.algorithms import HMACAlgorithm

from services import base64url
from services.clock import Clock
from services.keyring import Key, Keyring
from services.problems import Problem
from services.settings import Settings
from services.states.jwt import BearerTokens
from services.strict_json import read_json
from services.token_codec import TYPE
from services.tokens import tokens_of

NEEDS: Final = ("keys",)

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))  # `json.dumps` makes one per call

_ALGORITHMS: Final = {"HS256": HMACAlgorithm(HMACAlgorithm.SHA256)}
"""PyJWT's implementations of signing and verifying, by the name of the algorithm."""


class LeanCodec:
    """The compact form by hand, for the keys of one keyring."""

    def __init__(self, keyring: Keyring) -> None:
        for key in keyring.keys.values():
            _ALGORITHMS[key.alg].prepare_key(key.verifying)  # raises if the secret is a public key in disguise
        self._active = keyring.active
        self._head = _part({"alg": self._active.alg, "kid": self._active.kid, "typ": TYPE})

    def signed(self, payload: Mapping[str, object]) -> str:
        text = f"{self._head}.{_part(payload)}"
        signature = _ALGORITHMS[self._active.alg].sign(text.encode(), self._active.signing)
        return f"{text}.{base64url.encode(signature)}"

    def payload_of(self, token: str, key: Key) -> Any:
        text, _, signature = token.rpartition(".")
        if not _holds(key, text, signature):
            raise Problem("bad_signature")
        try:
            return read_json(base64url.decode(text.partition(".")[2]))
        except ValueError:
            raise Problem("malformed") from None


def _holds(key: Key, signed: str, signature: str) -> bool:
    try:
        return _ALGORITHMS[key.alg].verify(signed.encode(), key.verifying, base64url.decode(signature))
    except ValueError:
        return False


def _part(members: Mapping[str, object]) -> str:
    """A JSON object as one part of the compact form."""
    return base64url.encode(_ENCODER.encode(members).encode())


def build(settings: Settings, clock: Clock = time.time) -> BearerTokens:
    """The state of the mode `jwt-lean`."""
    return BearerTokens(tokens_of(settings, clock, codec=LeanCodec))
