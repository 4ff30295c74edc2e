"""Credentials of the weak API: who holds which, and what the thief brought home."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from typing import Any, Final, NamedTuple

from services.browser.places import PLACES, REFRESH, TOKEN, Place
from services.browser.record import cookie_pairs
from services.claims import Claims
from services.problems import Problem
from services.session_table import SessionTable
from services.tokens import Tokens

_LOOT_KEPT: Final = 500


class Holder(NamedTuple):
    """Whose credential a request carried, how it came ("bearer", or the cookie's name), and its text."""

    user: str
    carried: str
    text: str


class Credentials:
    """Issues, reads and ends credentials; recognises those that were stolen. Thread-safe."""

    def __init__(self, tokens: Tokens, table: SessionTable) -> None:
        self._tokens = tokens
        self._table = table
        self._lock = threading.Lock()
        self._issued: dict[str, str] = {}  # credential → user; the lab's users are few and its life is short
        self._planted: dict[str, str | None] = {}  # ids of the log-in that adopts what it is given
        self._loot: list[dict[str, Any]] = []
        self._csrf_key = secrets.token_bytes(32)

    def token(self, user: str) -> tuple[str, int]:
        """A new token, and the seconds that it lives."""
        text, expires_in = self._tokens.issue(Claims(user, {}, 0))
        return self._known(text, user), expires_in

    def session(self, user: str) -> str:
        """A new session id."""
        return self._known(self._table.create(user, None), user)

    def anonymous(self) -> str:
        """A session before any log-in, as many frameworks give one to everybody who comes."""
        text = secrets.token_urlsafe(32)
        with self._lock:
            self._planted[text] = None
        return text

    def adopt(self, text: str, user: str) -> bool:
        """Session fixation: bind `user` to an id that the browser brought along. False if it is none of ours."""
        with self._lock:
            if text not in self._planted:
                return False
            self._planted[text] = user
            self._issued[text] = user
        return True

    def holder(self, authorization: str, cookies: str) -> Holder:
        """Who asks. Raises the 401 problem where no credential is sent or none holds."""
        scheme, _, bearer = authorization.partition(" ")
        if scheme.lower() == "bearer" and bearer:
            return Holder(self._tokens.read(bearer.strip()).user, "bearer", bearer.strip())
        sent = cookie_pairs(cookies)
        trouble = Problem("missing")
        for place in PLACES.values():
            # The first of several with one name, as RFC 6265 lets servers do: which is what tossing makes use of.
            value = next((value for name, value in sent if name == place.cookie), None)
            if value:
                try:
                    return Holder(self._user_of_cookie(place, value), place.cookie, value)
                except Problem as problem:
                    trouble = problem
        raise trouble

    def refresh_holder(self, cookies: str) -> str:
        """The user whom the refresh cookie belongs to. Raises the 401 problem."""
        value = next((value for name, value in cookie_pairs(cookies) if name == REFRESH.cookie), None)
        if not value:
            raise Problem("missing")
        return self._table.read(value).user

    def end(self, holder: Holder) -> None:
        """The end of a session; a token lives on until it expires."""
        with self._lock:
            if self._planted.pop(holder.text, None) is not None:
                return
        if holder.carried not in ("bearer", PLACES["readable-cookie"].cookie):
            self._table.destroy(holder.text)

    def csrf_token(self, holder: Holder) -> str:
        """The token that a form must bring: bound to the credential, so that nobody else's fits."""
        return hmac.new(self._csrf_key, holder.text.encode(), hashlib.sha256).hexdigest()

    def bring_loot(self, text: str, origin: str | None) -> None:
        """Keep what a thief sent: not its text, but whose credentials are in it and work."""
        with self._lock:
            found = {credential: user for credential, user in self._issued.items() if credential in text}
        whose = sorted({user for credential, user in found.items() if self._works(credential)})
        with self._lock:
            if len(self._loot) < _LOOT_KEPT:
                self._loot.append({"origin": origin, "bytes": len(text), "works_for": whose})

    def loot(self) -> list[dict[str, Any]]:
        """What the thieves brought so far."""
        with self._lock:
            return list(self._loot)

    def _works(self, credential: str) -> bool:
        """Whether somebody else's client, somewhere else, could use it now."""
        try:
            if credential.count(".") == 2:
                self._tokens.read(credential)
            elif self._planted.get(credential) is None:
                self._table.read(credential)
        except Problem:
            return False
        return True

    def _user_of_cookie(self, place: Place, value: str) -> str:
        if place.cookie == PLACES["readable-cookie"].cookie or place.kind == TOKEN:
            return self._tokens.read(value).user
        with self._lock:
            planted = self._planted.get(value, "")
        if planted is None:
            raise Problem("unknown_session", "This session has not logged in.")
        return planted or self._table.read(value).user

    def _known(self, text: str, user: str) -> str:
        with self._lock:
            self._issued[text] = user
        return text
