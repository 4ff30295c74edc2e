"""The nine places where a page can keep a credential, and their attributes under the web's own rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SameSite = Literal["unset", "None", "Lax", "Strict"]


@dataclass(frozen=True)
class Place:
    """A place. `same_site` is None if the browser attaches nothing by itself (the page sends a bearer header).

    `readable`: a script of the page can read the credential there. `kept`: it is still there after a reload.
    """

    id: str
    title: str
    same_site: SameSite | None
    readable: bool
    kept: bool = True

    @property
    def attached(self) -> bool:
        """Whether the browser attaches it by itself."""
        return self.same_site is not None


_ALL: Final = (
    Place("local-storage", "localStorage", None, readable=True),
    Place("session-storage", "sessionStorage", None, readable=True),
    Place("memory", "closure variable", None, readable=False, kept=False),
    Place("readable-cookie", "readable cookie", "unset", readable=True),
    Place("cookie-unset", "httpOnly cookie, SameSite unset", "unset", readable=False),
    Place("cookie-none", "httpOnly cookie, SameSite=None", "None", readable=False),
    Place("cookie-lax", "httpOnly cookie, SameSite=Lax", "Lax", readable=False),
    Place("cookie-strict", "httpOnly cookie, SameSite=Strict", "Strict", readable=False),
    Place("cookie-host", "httpOnly __Host- cookie, SameSite=Lax", "Lax", readable=False),
)

PLACES: Final[dict[str, Place]] = {place.id: place for place in _ALL}
