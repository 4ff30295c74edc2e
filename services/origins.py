"""Where a browser says that a request comes from. A call that changes something must come from a page of ours.

Scripts can't set `Origin` or `Sec-Fetch-Site`, and browsers add them to every POST. A client that sends neither is no
browser (or a very old one), and has no cookie that somebody else could abuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from services.problems import Problem

_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")
_OURS: Final = ("same-origin", "none")  # `none`: the user's own action, no page's (Fetch Metadata, 2.3)


def valid_origin(text: str) -> bool:
    """Whether a browser could send `text` as a page's origin: RFC 6454, 6.2, in lower case, and not `null`."""
    return _ORIGIN.fullmatch(text) is not None


class Origins:
    """The origins whose pages may call: the service's own, as the `Host` header names it, and those in `others`."""

    def __init__(self, others: frozenset[str], *, tls: bool) -> None:
        self._others = others
        self._own = "https://" if tls else "http://"

    def admit(self, environ: Mapping[str, Any]) -> None:
        """Raises the problem `forged` if the request says that it comes from elsewhere.

        `Sec-Fetch-Site` counts only if `Origin` is missing, because it does not name the site.
        """
        origin = environ.get("HTTP_ORIGIN")
        host = environ.get("HTTP_HOST", "")
        if origin is None:
            ours = environ.get("HTTP_SEC_FETCH_SITE", "none") in _OURS
        else:
            ours = origin in self._others or (bool(host) and origin == self._own + host.lower())
        if not ours:
            raise Problem("forged")
