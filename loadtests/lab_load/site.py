"""Where the service is: the address in --host, in its parts. A path in it is a prefix of every request's path."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_.])?")
_PATH: Final = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*")
"""Segments that are not empty, of the characters that RFC 3986 (3.3) allows there."""


class BadAddress(ValueError):
    """The address can't be used; the message says why. It never holds a password."""


@dataclass(frozen=True)
class Site:
    """A service's address. `prefix` is empty, or a path without a slash at its end. `host` has no brackets."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def origin(self) -> str:
        """The address without the prefix."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        return f"{self.scheme}://{host}" + ("" if usual else f":{self.port}")

    @property
    def base(self) -> str:
        """The address to which an operation's path is added."""
        return self.origin + self.prefix

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The host as an address; None if it is a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def trustworthy(self) -> bool:
        """Whether browsers keep `Secure` cookies of it: it uses TLS, or it is this machine itself."""
        address = self.address
        on_loopback = address.is_loopback if address else f".{self.host}".endswith(".localhost")
        return self.scheme == "https" or on_loopback


def site_of(text: str) -> Site:
    """The site in `text`, such as http://127.0.0.1:8080 or https://shop.example/api/v1. Raises `BadAddress`."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise BadAddress("has a character that an address can't have")
    try:
        url = urlsplit(text)
        host, port = (url.hostname or "").lower(), url.port
    except ValueError as error:
        raise BadAddress(f"is not like http://127.0.0.1:8080 ({error})") from None
    if url.scheme not in ("http", "https"):
        raise BadAddress("must be like http://127.0.0.1:8080, beginning with http:// or https://")
    if "@" in url.netloc:
        raise BadAddress("must hold no user name or password: the users are those of --credentials")
    if "?" in text or "#" in text:
        raise BadAddress("must hold no query (?) and no fragment (#): every operation has its own path")
    if port == 0 or not _is_host(host, bracketed="[" in url.netloc):
        raise BadAddress("must be like http://127.0.0.1:8080, with a host and a port")
    prefix = url.path.rstrip("/")
    if not _PATH.fullmatch(prefix) or {".", ".."}.intersection(prefix.split("/")):
        raise BadAddress("has a path that no request can begin with: write it as in /api/v1")
    return Site(url.scheme, host, port or {"http": 80, "https": 443}[url.scheme], prefix)


def _is_host(host: str, *, bracketed: bool) -> bool:
    if bracketed:
        try:
            return ipaddress.ip_address(host).version == 6 and "%" not in host
        except ValueError:
            return False
    return bool(_NAME.fullmatch(host)) and ".." not in host
