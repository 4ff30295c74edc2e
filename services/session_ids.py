"""Session ids: unguessable, new at every log-in, and known to the store only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

_ID_BYTES: Final = 32
_ID_LENGTH: Final = 43  # of 32 bytes in base64url without padding


def new_session_id() -> str:
    """256 bits of the operating system's randomness, as base64url."""
    return secrets.token_urlsafe(_ID_BYTES)


def session_digest(session_id: str) -> bytes | None:
    """The 32-byte hash under which a store keeps the session; None if `session_id` can't be one of ours.

    A store that leaks its keys thereby leaks no usable credential, and the time of a look-up tells nothing
    about an id. No salt and no stretching: an id is not a password, it can't be guessed.
    """
    if len(session_id) != _ID_LENGTH:
        return None
    return hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).digest()
