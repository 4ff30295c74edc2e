"""One log-in, and what its sharers must agree on. Most users have a log-in of their own."""

from __future__ import annotations

import math
from typing import Final

from gevent.lock import BoundedSemaphore

from lab_load.basket import Basket
from lab_load.credential import ANSWER, Credential
from lab_load.jar import HERE
from lab_load.site import Site

RELOGIN: Final = {"never": 0, "once": 1, "always": math.inf}
"""How often a user whose credential was refused logs in again."""


class Login:
    """The log-in of user `number`, shared by `sharers` users.

    `admitted` is false while nobody may send: during a log-in, and after a failed one if users log in again without
    limit. Whoever logs in holds `turn`. `logins` counts the attempts.
    """

    def __init__(
        self,
        number: int,
        username: str,
        password: str,
        relogin: str,
        sharers: int,
        way: str = ANSWER,
        site: Site = HERE,
    ) -> None:
        self.number = number
        self.username = username
        self.password = password
        self.credential = Credential(username, way, site)
        # A shared log-in's cart holds others' writes, too. The history's checkers decide what it must hold.
        self._keeps_count = sharers == 1
        self.basket = Basket() if self._keeps_count else None
        self.admitted = True
        self.turn = BoundedSemaphore(1)
        self.logins = 0
        self.relogins_left = RELOGIN[relogin]
        self.persistent = relogin == "always"
        self._places_left = sharers

    def take_place(self) -> bool:
        """One more user shares it. False if it already has the maximum."""
        self._places_left -= 1
        return self._places_left >= 0

    def begin(self) -> None:
        """A log-in begins: forget the previous one."""
        self.logins += 1
        self.admitted = False
        self.credential.forget()
        if self._keeps_count:
            self.basket = Basket()

    def give_up(self) -> None:
        """From now on nobody logs in again."""
        self.relogins_left, self.persistent, self.admitted = 0, False, True

    def end(self, succeeded: bool) -> None:
        """The log-in is over. A failed one is repeated only if users log in again without limit; else they go on
        without."""
        self.admitted = succeeded or not self.persistent
