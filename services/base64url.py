"""base64url without padding (RFC 7515, section 2), where each sequence of bytes has exactly one spelling."""

from __future__ import annotations

import base64


def encode(raw: bytes) -> str:
    """The one spelling of `raw`."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes that `text` spells; raises `ValueError` for padding, foreign characters and unused bits."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The decoder skips what it does not know and ignores the last bits; the way back shows both.
    if encode(raw) != text:
        raise ValueError("not base64url")
    return raw
