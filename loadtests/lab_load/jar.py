"""One user's cookies, as a browser keeps them for one site (RFC 6265 and its draft successor, 6265bis).

A cookie is sent until it expires, to the paths that it is for. What a browser would not take is not taken: a cookie for
another domain, and a `Secure` one from a site that is neither on TLS nor on this machine.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from lab_load.site import Site

_WHOLE: Final = re.compile(r"-?[0-9]+")
_LONGEST_S: Final = 400 * 86_400
"""No cookie lives longer (6265bis, 5.5)."""

HERE: Final = Site("http", "127.0.0.1", 80)


@dataclass
class Cookie:
    """A cookie. `ends_ns` of CLOCK_MONOTONIC is when it expires; 0: with the browser, so never. `domain` is empty if
    only the host that set it gets it."""

    name: str
    value: str
    path: str
    domain: str = ""
    ends_ns: int = 0

    def is_for(self, path: str) -> bool:
        """Whether a request for `path` carries it (RFC 6265, 5.1.4)."""
        mine = self.path
        return path == mine or (path.startswith(mine) and (mine.endswith("/") or path[len(mine)] == "/"))


class Jar:
    """The cookies of one user at one site. Paths of requests are given without the site's prefix."""

    def __init__(self, site: Site = HERE) -> None:
        self._site = site
        self._held: dict[tuple[str, str, str], Cookie] = {}
        self.next_end_ns = 0
        """When the next cookie expires; 0: none ever does."""
        self.everywhere = True
        """Whether every cookie is for every path, so that a request's path need not be looked at."""

    @property
    def names(self) -> set[str]:
        """The names of the cookies that it holds."""
        return {cookie.name for cookie in self._held.values()}

    def take(self, lines: Iterable[str], path: str, now_ns: int) -> set[str]:
        """Take the `Set-Cookie` lines of an answer to a request for `path`.

        Returns the names of the cookies that are new, have another value, or are gone.
        """
        changed = set()
        for line in lines:
            cookie = self._read(line, self._site.prefix + path, now_ns)
            if cookie is None:
                continue
            key = (cookie.name, cookie.domain, cookie.path)
            before = self._held.get(key)
            if cookie.ends_ns and cookie.ends_ns <= now_ns:
                if before is not None:
                    del self._held[key]
                    changed.add(cookie.name)
                continue
            if before is None or before.value != cookie.value:
                changed.add(cookie.name)
            self._held[key] = cookie
        self._note()
        return changed

    def drop_expired(self, now_ns: int) -> set[str]:
        """Drop what has expired. Returns the names."""
        gone = {key: cookie for key, cookie in self._held.items() if cookie.ends_ns and cookie.ends_ns <= now_ns}
        for key in gone:
            del self._held[key]
        self._note()
        return {cookie.name for cookie in gone.values()}

    def keep_only(self, wanted: Callable[[str], bool]) -> None:
        """Forget every cookie but those whose name is wanted."""
        self._held = {key: cookie for key, cookie in self._held.items() if wanted(cookie.name)}
        self._note()

    def first_end_ns(self, but: Callable[[str], bool]) -> int:
        """When the first of the cookies expires, `but` for those of such names; 0: none ever does."""
        return min((c.ends_ns for c in self._held.values() if c.ends_ns and not but(c.name)), default=0)

    def header(self, path: str | None = None) -> str:
        """The `Cookie` header of a request for `path` (None: with every cookie): longer paths first, then the older."""
        full = None if path is None else self._site.prefix + path
        sent = [cookie for cookie in self._held.values() if full is None or cookie.is_for(full)]
        sent.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in sent)

    def _note(self) -> None:
        self.next_end_ns = min((c.ends_ns for c in self._held.values() if c.ends_ns), default=0)
        prefix = self._site.prefix or "/"
        self.everywhere = all(cookie.is_for(prefix) for cookie in self._held.values())

    def _read(self, line: str, path: str, now_ns: int) -> Cookie | None:
        """The cookie in a `Set-Cookie` line; None if a browser would not take it. One that is over has its end."""
        pair, *rest = line.split(";")
        name, equals, value = pair.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name or not pair.isprintable():
            return None
        attributes = {}
        for attribute in rest:
            key, _, text = attribute.partition("=")
            attributes[key.strip().lower()] = text.strip()  # the last of several counts
        domain = attributes.get("domain", "").lower().removeprefix(".")
        wanted = attributes.get("path", "")
        path = wanted if wanted.startswith("/") else path[: path.rfind("/")] or "/"
        if domain and not self._covers(domain):
            return None
        if not self._may_be_secure(name, attributes, domain, path):
            return None
        return Cookie(name, value, path, domain, _end_ns(attributes, now_ns))

    def _covers(self, domain: str) -> bool:
        host = self._site.host
        if domain == host:
            return True
        return self._site.address is None and "." in domain and host.endswith("." + domain)

    def _may_be_secure(self, name: str, attributes: dict[str, str], domain: str, path: str) -> bool:
        """`Secure` cookies need a trustworthy site; `__Secure-` and `__Host-` in a name demand attributes."""
        secure = "secure" in attributes
        if secure and not self._site.trustworthy:
            return False
        lower = name.lower()
        if lower.startswith("__secure-"):
            return secure
        return not lower.startswith("__host-") or (secure and not domain and path == "/" and "path" in attributes)


def _end_ns(attributes: dict[str, str], now_ns: int) -> int:
    """When it expires. `Max-Age` has precedence over `Expires`; a value that can't be read counts as not given."""
    age = attributes.get("max-age", "")
    if _WHOLE.fullmatch(age):
        left_s: float = int(age) if len(age) < 12 else _LONGEST_S * (-1 if age.startswith("-") else 1)
    else:
        date = _date(attributes.get("expires", ""))
        if date is None:
            return 0
        left_s = date - time.time()
    # Zero means that it never expires, so one that is over ended a moment ago.
    return max(1, now_ns + int(min(left_s, _LONGEST_S) * 1e9)) if left_s > 0 else max(1, now_ns)


def _date(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
