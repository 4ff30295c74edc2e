"""Credentials of the weak API: which user each belongs to, and which ones thieves have sent in."""

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
    """The user of a request's credential, how it was sent ("bearer", or the cookie's name), and its text."""

    user: str
    carried: str
    text: str


class Credentials:
    """Issues, reads and ends credentials, and recognises stolen ones. Thread-safe."""

    def __init__(self, tokens: Tokens, table: SessionTable) -> None:
        self._tokens = tokens
        self._table = table
        self._lock = threading.Lock()
        self._issued: dict[str, str] = {}  # credential → user; the lab has few users and runs briefly
        self._planted: dict[str, str | None] = {}  # ids for the log-in that adopts the id that it is given
        self._loot: list[dict[str, Any]] = []
        self._csrf_key = secrets.token_bytes(32)

    def token(self, user: str) -> tuple[str, int]:
        """A new token, and its lifetime in seconds."""
        text, expires_in = self._tokens.issue(Claims(user, {}, 0))
        return self._known(text, user), expires_in

    def session(self, user: str) -> str:
        """A new session id."""
        return self._known(self._table.create(user, None), user)

    def anonymous(self) -> str:
        """A session before any log-in. Many frameworks give one to every visitor."""
        text = secrets.token_urlsafe(32)
        with self._lock:
            self._planted[text] = None
        return text

    def adopt(self, text: str, user: str) -> bool:
        """Session fixation: bind `user` to an id that the browser sent. False if we did not issue that id."""
        with self._lock:
            if text not in self._planted:
                return False
            self._planted[text] = user
            self._issued[text] = user
        return True

    def holder(self, authorization: str, cookies: str) -> Holder:
        """Whose request it is. Raises the 401 problem if there is no valid credential."""
        scheme, _, bearer = authorization.partition(" ")
        if scheme.lower() == "bearer" and bearer:
            return Holder(self._tokens.read(bearer.strip()).user, "bearer", bearer.strip())
        sent = cookie_pairs(cookies)
        trouble = Problem("missing")
        for place in PLACES.values():
            # Of several with one name the first counts, as RFC 6265 allows servers. Cookie tossing exploits this.
            value = next((value for name, value in sent if name == place.cookie), None)
            if value:
                try:
                    return Holder(self._user_of_cookie(place, value), place.cookie, value)
                except Problem as problem:
                    trouble = problem
        raise trouble

    def refresh_holder(self, cookies: str) -> str:
        """The user of the refresh cookie. Raises the 401 problem."""
        value = next((value for name, value in cookie_pairs(cookies) if name == REFRESH.cookie), None)
        if not value:
            raise Problem("missing")
        return self._table.read(value).user

    def end(self, holder: Holder) -> None:
        """End the session. A token still works until it expires."""
        with self._lock:
            if self._planted.pop(holder.text, None) is not None:
                return
        if holder.carried not in ("bearer", PLACES["readable-cookie"].cookie):
            self._table.destroy(holder.text)

    def csrf_token(self, holder: Holder) -> str:
        """The token that a form must send. It is bound to the credential, so that no other user's token works."""
        return hmac.new(self._csrf_key, holder.text.encode(), hashlib.sha256).hexdigest()

    def bring_loot(self, text: str, origin: str | None) -> None:
        """Record what a thief sent: not its text, but whose working credentials it contains."""
        with self._lock:
            found = {credential: user for credential, user in self._issued.items() if credential in text}
        whose = sorted({user for credential, user in found.items() if self._works(credential)})
        with self._lock:
            if len(self._loot) < _LOOT_KEPT:
                self._loot.append({"origin": origin, "bytes": len(text), "works_for": whose})

    def loot(self) -> list[dict[str, Any]]:
        """What thieves have sent so far."""
        with self._lock:
            return list(self._loot)

    def _works(self, credential: str) -> bool:
        """Whether another client, elsewhere, could use it now."""
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
