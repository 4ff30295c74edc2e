"""The keys that sign and verify tokens: several at once, distinguished by `kid`, one of them active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services import base64url
from services.documents import Unusable

MIN_SECRET_BYTES: Final = {"HS256": 32}
"""Algorithm → least key length (RFC 7518, 3.2). No other algorithms exist here."""


@dataclass(frozen=True)
class Key:
    """One key. Its algorithm belongs to it and is never taken from a token (RFC 8725, 3.1).

    `signing` is None where the service can only verify. For HS256 both are the secret's bytes.
    """

    kid: str
    alg: str
    signing: Any = field(repr=False)
    verifying: Any = field(repr=False)


@dataclass(frozen=True)
class Keyring:
    """All keys that are accepted, and the one that signs."""

    active: Key
    keys: Mapping[str, Key]


def keyring_of(document: Any) -> Keyring:
    """The keyring in a `jwt.json` document. Raises `Unusable`, which lists every problem and no secret."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise Unusable('expected {"active": kid, "keys": [...]}')
    problems: list[str] = []
    keys: dict[str, Key] = {}
    for number, entry in enumerate(document["keys"], 1):
        try:
            key = _key_of(entry)
        except Unusable as error:
            problems.append(f"key {number}: {error}")
            continue
        if key.kid in keys:
            problems.append(f"key {number}: its kid {key.kid!r} occurs twice")
        keys[key.kid] = key
    active = keys.get(str(document.get("active")))
    if active is None:
        problems.append("`active` is not the kid of a usable key")
    if active is None or problems:
        raise Unusable("; ".join(problems))
    return Keyring(active, keys)


def _key_of(entry: Any) -> Key:
    if not isinstance(entry, dict):
        raise Unusable("not an object")
    kid, alg, secret = entry.get("kid"), entry.get("alg"), entry.get("k")
    if not isinstance(kid, str) or not 1 <= len(kid) <= 64:
        raise Unusable("`kid` is not a name of 1 to 64 characters")
    if not isinstance(alg, str) or alg not in MIN_SECRET_BYTES:
        raise Unusable(f"`alg` is not one of {', '.join(MIN_SECRET_BYTES)}")
    if not isinstance(secret, str):
        raise Unusable("`k` is not base64url")
    try:
        raw = base64url.decode(secret.rstrip("="))
    except ValueError:
        raise Unusable("`k` is not base64url") from None
    if len(raw) < MIN_SECRET_BYTES[alg]:
        raise Unusable(f"`k` is shorter than the {MIN_SECRET_BYTES[alg]} bytes that {alg} needs")
    return Key(kid, alg, raw, raw)
