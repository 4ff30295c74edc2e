"""Who may log in: user names and Werkzeug's scrypt hashes. The time of a check does not reveal which users exist."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from services.documents import Unusable

_USER: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}", re.ASCII)
_HASH: Final = re.compile(r"(scrypt:\d{1,8}:\d{1,3}:\d{1,3})\$[^$]{8,64}\$[0-9a-f]{128}", re.ASCII)
_DIGEST_BYTES: Final = 64  # of Werkzeug's scrypt


class Users:
    """The known users. `check` costs one scrypt computation whether or not the user exists."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)
        # A hash with the users' own cost and a random digest: no password fits it. It is not computed, which saves time
        # at the start of fifteen workers.
        method = next(iter(self._hashes.values())).split("$", 1)[0]
        self._nobody = f"{method}${secrets.token_urlsafe(12)}${secrets.token_hex(_DIGEST_BYTES)}"

    def __contains__(self, user: object) -> bool:
        return user in self._hashes

    def check(self, user: str, password: str) -> bool:
        """Whether `password` is that of `user`; an unknown user takes as long as a wrong password."""
        from werkzeug.security import check_password_hash  # imported only when somebody logs in

        known = self._hashes.get(user)
        fits = check_password_hash(self._nobody if known is None else known, password)
        return fits and known is not None


def users_of(document: Any) -> Users:
    """The users in a `users.json` document. Raises `Unusable`, which says what is wrong and repeats no hash."""
    if not isinstance(document, dict) or not document:
        raise Unusable("expected an object of user names and scrypt hashes, with at least one user")
    methods = set()
    for user, encoded in document.items():
        if not _USER.fullmatch(user):
            raise Unusable(f"{user!r} is not a user name: 1 to 64 of A-Z a-z 0-9 . _ @ -")
        match = _HASH.fullmatch(encoded) if isinstance(encoded, str) else None
        if match is None:
            raise Unusable(f"the hash of {user!r} is not one of Werkzeug's scrypt hashes")
        methods.add(match[1])
    if len(methods) > 1:
        raise Unusable(
            f"the hashes differ in cost ({', '.join(sorted(methods))}): the time of a log-in would reveal which users "
            "exist. Hash all of them with the same cost"
        )
    return Users(document)
