"""Session ids: impossible to guess, new at every log-in, and stored only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_ID_BYTES: Final = 32
_ID_LENGTH: Final = 43  # of 32 bytes in base64url without padding


def new_session_id() -> str:
    """256 random bits of the operating system, as base64url."""
    return secrets.token_urlsafe(_ID_BYTES)


def session_digest(session_id: str) -> bytes | None:
    """The 32-byte hash under which a store keeps the session; None if `session_id` can't be one of ours.

    If a store leaks its keys, it leaks no usable credential. The time of a look-up reveals nothing about an id. There
    is no salt and no stretching, because an id is not a password: it can't be guessed.
    """
    if len(session_id) != _ID_LENGTH:
        return None
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()
