"""The nine places where a browser can keep a credential, as the API needs to know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TOKEN: Final = "token"  # noqa: S105 - a kind of place
"""The client keeps the token by itself and sends it as `Authorization: Bearer`."""

COOKIE: Final = "cookie"


@dataclass(frozen=True)
class Place:
    """One place. `cookie` is the cookie's name (empty for a token); `attributes` is the text after its value."""

    kind: str
    cookie: str = ""
    attributes: str = ""
    secure: bool = True

    def set_cookie(self, value: str, *, secure: bool) -> str:
        """The `Set-Cookie` with `value`. The lab leaves out `Secure` to measure what that costs."""
        return f"{self.cookie}={value}; Path=/{self.attributes}" + ("; Secure" if secure else "")

    def clear_cookie(self, *, secure: bool) -> str:
        """The `Set-Cookie` that removes it."""
        return self.set_cookie("", secure=secure) + "; Max-Age=0"


PLACES: Final[dict[str, Place]] = {
    "local-storage": Place(TOKEN),
    "session-storage": Place(TOKEN),
    "memory": Place(TOKEN),
    # As scripts usually set one: readable by the page, no SameSite.
    "readable-cookie": Place(COOKIE, "token", "; Domain=app.test"),
    "cookie-unset": Place(COOKIE, "session_unset", "; HttpOnly"),
    "cookie-none": Place(COOKIE, "session_none", "; HttpOnly; SameSite=None"),
    "cookie-lax": Place(COOKIE, "session_lax", "; HttpOnly; SameSite=Lax"),
    "cookie-strict": Place(COOKIE, "session_strict", "; HttpOnly; SameSite=Strict"),
    "cookie-host": Place(COOKIE, "__Host-session", "; HttpOnly; SameSite=Lax"),
}

REFRESH: Final = Place(COOKIE, "refresh", "; HttpOnly; SameSite=Strict")
"""A silent refresh needs this cookie, beside a token in memory."""
