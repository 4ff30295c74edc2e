"""What every way of keeping state must do. The views know nothing else about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from flask import Flask

from services.carts import Cart
from services.problems import Header

Environ = Mapping[str, Any]
"""The WSGI environment of a request: the credential is in its headers."""


class Session(NamedTuple):
    """The user, and the cart that belongs to the log-in."""

    user: str
    cart: Cart


@dataclass(frozen=True)
class Grant:
    """What a client receives: members of the JSON answer, and headers."""

    members: Mapping[str, object] = field(default_factory=dict)
    headers: tuple[Header, ...] = ()


NOTHING = Grant()


class State(Protocol):
    """One way of keeping authentication state. Every method is called by several threads at once.

    All but `admit` and `log_in` raise a 401 `Problem` unless the request carries a live credential. A store that is
    away raises `store_unavailable`, never a 401.

    A state may also have `install(app: Flask) -> None`, which is called once, when the application is complete: there
    it registers the Flask extension that it is built on.
    """

    checks_passwords: bool
    """Whether a log-in needs the right password (`none` accepts any)."""

    challenge: str
    """What `WWW-Authenticate` says on a 401 (RFC 9110, 11.6.1)."""

    def admit(self, environ: Environ) -> None:
        """Called first for a call that changes something, log-in included. Raises a 403 `Problem` if another site made
        the browser send it."""

    def session(self, environ: Environ) -> Session:
        """The session of a request."""

    def log_in(self, environ: Environ, user: str) -> Grant:
        """A new credential for `user`. One that the request still carries is destroyed. May raise `store_full`."""

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        """Add `quantity` of `item` to the cart, atomically. Returns the session after it."""

    def log_out(self, environ: Environ) -> Grant:
        """End the session, as far as this way of keeping state can end one."""


@runtime_checkable
class Extension(Protocol):
    """What a `State` has too if it is a Flask extension that must know the application."""

    def install(self, app: Flask) -> None:
        """Set up the extension. Called once, when the application is otherwise complete."""
