"""What a user's cart must hold, and whether an answer agrees with it."""

from __future__ import annotations

from collections.abc import Mapping


class Basket:
    """The writes of one log-in: the acknowledged ones, and those of unknown fate (time-out, cut connection).

    Each item must occur at least as often as acknowledged, and at most that plus the unknown ones.
    Correct for one user who sends one request at a time.
    """

    def __init__(self) -> None:
        self._acknowledged: dict[str, int] = {}
        self._unknown: dict[str, int] = {}

    @classmethod
    def of(cls, cart: Mapping[str, object]) -> Basket:
        """A basket with the content of a cart that an answer showed."""
        basket = cls()
        basket._acknowledged = {item: count for item, count in cart.items() if isinstance(count, int)}
        return basket

    def acknowledge(self, item: str) -> None:
        """The service acknowledged one of `item`."""
        self._acknowledged[item] = self._acknowledged.get(item, 0) + 1

    def doubt(self, item: str) -> None:
        """One of `item` was sent, and nobody knows whether it arrived."""
        self._unknown[item] = self._unknown.get(item, 0) + 1

    def agrees(self, seen: Mapping[str, object], adding: str = "") -> bool:
        """Whether the cart in an answer can be right; `adding` is the item that the request itself wrote."""
        acknowledged, unknown = self._acknowledged, self._unknown
        if not unknown and not adding:
            return seen == acknowledged
        for item in acknowledged.keys() | unknown.keys() | seen.keys() | ({adding} - {""}):
            least = acknowledged.get(item, 0) + (item == adding)
            count = seen.get(item, 0)
            if not isinstance(count, int) or not least <= count <= least + unknown.get(item, 0):
                return False
        return True
