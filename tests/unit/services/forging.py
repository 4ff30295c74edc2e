"""Tokens made by hand, right and wrong: what an attacker could send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from services.keyring import Key

NOW = 1_800_000_000
_HASHES = {"HS384": "sha384", "HS512": "sha512"}
CSRF = "c" * 22
"""The CSRF token of every forged token; a token that is not in a cookie may have one, too."""


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def header_of(key: Key, **changes: Any) -> dict[str, Any]:
    """The header of one of our tokens, with changes; a member that is changed to None is left out."""
    members = {"alg": key.alg, "kid": key.kid, "typ": "authlab+jwt"} | changes
    return {name: value for name, value in members.items() if value is not None}


def claims_of(**changes: Any) -> dict[str, Any]:
    """The claims of one of our tokens, with changes; a claim that is changed to None is left out."""
    claims = {
        "iss": "authlab",
        "aud": "authlab-api",
        "sub": "user-0001",
        "iat": NOW,
        "exp": NOW + 3600,
        "jti": "an-id",
        "auth_time": NOW,
        "cart": {},
        "csrf": CSRF,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def signed(key: Key, header: Any, payload: Any, secret: bytes | None = None, digest: str = "sha256") -> str:
    """A token with exactly these parts (texts are taken as they are), signed by HMAC with our key or another."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = ".".join(b64(part) for part in parts)
    mac = hmac.new(key.verifying if secret is None else secret, text.encode(), getattr(hashlib, digest))
    return f"{text}.{b64(mac.digest())}"


def token_of(key: Key, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """One of our tokens, changed, and signed with our key by the hash that its header names, SHA-256 where by none."""
    members = header_of(key, **(header or {}))
    alg = members.get("alg")
    digest = _HASHES.get(alg, "sha256") if isinstance(alg, str) else "sha256"
    return signed(key, members, claims_of(**claims), digest=digest)
