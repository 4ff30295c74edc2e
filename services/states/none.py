"""No authentication at all: the baseline of every comparison. The client names its user."""

from __future__ import annotations

import time

from services.carts import added, cart_of_header
from services.clock import Clock
from services.passwords import Users
from services.problems import Problem
from services.settings import Settings
from services.states.protocol import NOTHING, Environ, Grant, Session


class NoState:
    """Identity from the header `X-Lab-User`. The client keeps the cart and sends it in `X-Lab-Cart`, which is
    echoed."""

    checks_passwords = False
    challenge = 'LabUser realm="authlab"'

    def __init__(self, users: Users) -> None:
        self._users = users

    def admit(self, environ: Environ) -> None:
        pass

    def session(self, environ: Environ) -> Session:
        user = environ.get("HTTP_X_LAB_USER")
        if user is None:
            raise Problem("missing", "The header X-Lab-User is missing.")
        if user not in self._users:
            raise Problem("unknown_session", "No such user.")
        return Session(user, cart_of_header(environ.get("HTTP_X_LAB_CART", "")))

    def log_in(self, environ: Environ, user: str) -> Grant:  # noqa: ARG002 - the protocol's signature
        return NOTHING

    def add(self, environ: Environ, item: str, quantity: int) -> tuple[Session, Grant]:
        user, cart = self.session(environ)
        return Session(user, added(cart, item, quantity)), NOTHING

    def log_out(self, environ: Environ) -> Grant:
        self.session(environ)
        return NOTHING


def build(settings: Settings, clock: Clock = time.time) -> NoState:  # noqa: ARG001 - nothing ever ends
    """The state of the mode `none`."""
    return NoState(settings.users)
