"""The cookie that carries a credential: its name, its attributes, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.problems import Header

_NAME: Final = "authlab_session"

MOST_OF_ONE_NAME: Final = 8
"""How many cookies of its name are looked at in one request. Each may cost a look-up in a store."""


@dataclass(frozen=True)
class SessionCookie:
    """Adds `Secure` and the prefix `__Host-` under TLS: then neither a sibling domain nor plain HTTP can plant one.

    Adds the `instance` to the name if there is one. Browsers send a cookie to every port of a host (RFC 6265, 8.5), so
    two instances on one host would otherwise overwrite each other's cookie.
    """

    name: str
    attributes: str

    @classmethod
    def under(cls, *, tls: bool, instance: str = "", name: str = _NAME) -> SessionCookie:
        """The cookie of a service with or without TLS."""
        name = f"{name}_{instance}" if instance else name
        attributes = "; Path=/; HttpOnly; SameSite=Lax"
        return cls("__Host-" + name, attributes + "; Secure") if tls else cls(name, attributes)

    @property
    def challenge(self) -> str:
        """The challenge of a 401. HTTP has no registered scheme for cookies, but RFC 9110 requires a challenge."""
        return f'Cookie realm="authlab", cookie-name="{self.name}"'

    def carrying(self, session_id: str) -> Header:
        """The header that gives the client its session id (or token), until the browser is closed."""
        return "Set-Cookie", f"{self.name}={session_id}{self.attributes}"

    def cleared(self) -> Header:
        """The header that deletes the cookie."""
        return "Set-Cookie", f"{self.name}={self.attributes}; Max-Age=0"

    def values(self, header: str) -> Iterator[str]:
        """The session ids (or tokens) in a `Cookie` header, in its order, `MOST_OF_ONE_NAME` at most.

        There may be several, and the one that counts need not be the first: a browser sends cookies with longer paths
        first (RFC 6265, 5.4), and the server can neither see the path nor delete a cookie without knowing it.

        Our ids and tokens are never quoted, so splitting is enough. It takes a third of the time of Werkzeug's general
        parser.
        """
        left = MOST_OF_ONE_NAME
        for pair in header.split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == self.name:
                yield value.strip()
                left -= 1
                if not left:
                    return
