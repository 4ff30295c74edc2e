"""The cookie that carries a credential: its name, its attributes, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.problems import Header

_NAME: Final = "authlab_session"


@dataclass(frozen=True)
class SessionCookie:
    """Adds `Secure` and the prefix `__Host-` under TLS: then neither a sibling domain nor plain HTTP can plant one."""

    name: str
    attributes: str

    @classmethod
    def under(cls, *, tls: bool, name: str = _NAME) -> SessionCookie:
        """The cookie of a service with or without TLS."""
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

    def read(self, header: str) -> str | None:
        """The session id (or token) in a `Cookie` header, the first if there are several (RFC 6265, 5.4).

        Our ids and tokens are never quoted, so splitting is enough. It takes a third of the time of Werkzeug's general
        parser.
        """
        for pair in header.split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == self.name:
                return value.strip()
        return None
