"""Sessions in the memory of one process: bounded, expiring, swept a little at a time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from services.carts import Cart, added
from services.problems import Problem
from services.session_ids import new_session_id, session_digest
from services.states.protocol import Session

_SWEEP_STEP: Final = 200
"""Sessions looked at per sweep: about 0.1 ms, so that no request ever waits for the whole table."""

_FULL_SWEEP_STEP: Final = 2000
"""The same when the table is full, where the alternative is to turn a user away."""

# A session is a plain tuple: user, last use, absolute end, slot of the calendar, cart as (item, quantity, item, …).
# Python's garbage collector lets go of tuples of plain values; 100,000 objects with attributes it would walk
# through again and again, 20 to 90 ms at a time, while every request waits. For the same reason a slot is a
# dictionary of nothing: sets are always walked through.
_Entry = tuple[str, float, float, int, tuple[str | int, ...]]
_Slot = dict[bytes, None]


class SessionTable:
    """A `SessionStore` in memory.

    Expiry is exact on every look-up. Beside it, a calendar of one-second slots finds what nobody asks for any
    more: a session stands in the slot of its deadline as it was when it was entered, and is entered anew if
    it was used since. So a use moves nothing, and a sweep touches only what is due.

    A live session is never evicted: a full table refuses log-ins. `clock` gives seconds that never go back.
    """

    def __init__(
        self, *, idle_s: float, absolute_s: float, capacity: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idle_s = idle_s
        self._absolute_s = absolute_s
        self._capacity = capacity
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[bytes, _Entry] = {}
        self._slots: dict[int, _Slot] = {}
        self._slot_order: list[int] = []  # a heap of the keys of _slots
        self._sweep_at = float("inf")

    def __len__(self) -> int:
        return len(self._entries)

    def create(self, user: str, replaces: str | None) -> str:
        """See `SessionStore`; raises `store_full` when every place is taken by a live session."""
        session_id = new_session_id()
        digest = session_digest(session_id)
        old = None if replaces is None else session_digest(replaces)
        assert digest is not None  # noqa: S101 - our own ids have a digest
        with self._lock:
            now = self._clock()
            if old is not None:
                self._remove(old)
            if len(self._entries) >= self._capacity:
                self._sweep(now, _FULL_SWEEP_STEP)
                if len(self._entries) >= self._capacity:
                    raise Problem("store_full", f"This worker holds its {self._capacity} sessions already.")
            elif now >= self._sweep_at:
                self._sweep(now, _SWEEP_STEP)
            self._put(digest, user, now, now + self._absolute_s, self._enter(digest, now, now + self._absolute_s))
        return session_id

    def read(self, session_id: str) -> Session:
        """See `SessionStore`."""
        with self._lock:
            _, (user, _, _, _, cart) = self._use(session_id)
        return Session(user, _mapping(cart))

    def add(self, session_id: str, item: str, quantity: int) -> Session:
        """See `SessionStore`."""
        with self._lock:
            digest, (user, seen, ends, slot, flat) = self._use(session_id)
            cart = added(_mapping(flat), item, quantity)
            self._put(digest, user, seen, ends, slot, tuple(part for pair in cart.items() for part in pair))
        return Session(user, cart)

    def destroy(self, session_id: str) -> None:
        """See `SessionStore`."""
        with self._lock:
            digest, _ = self._use(session_id)
            self._remove(digest)

    # Below, the lock is held.

    def _use(self, session_id: str) -> tuple[bytes, _Entry]:
        """A live session and its digest, marked as used now."""
        now = self._clock()
        digest = session_digest(session_id)
        entry = None if digest is None else self._entries.get(digest)
        if now >= self._sweep_at:
            self._sweep(now, _SWEEP_STEP)
            if digest is not None:
                # As the sweep left it; and if it is gone by that, whoever asks shall still hear "expired".
                entry = self._entries.get(digest, entry)
        if digest is None or entry is None:
            raise Problem("unknown_session")
        user, seen, ends, slot, cart = entry
        if now >= seen + self._idle_s or now >= ends:
            self._remove(digest)
            raise Problem("expired", "The session has expired.")
        entry = (user, now, ends, slot, cart)
        self._entries[digest] = entry
        return digest, entry

    def _put(
        self, digest: bytes, user: str, seen: float, ends: float, slot: int, cart: tuple[str | int, ...] = ()
    ) -> None:
        self._entries[digest] = (user, seen, ends, slot, cart)

    def _enter(self, digest: bytes, seen: float, ends: float) -> int:
        """Put a session into the slot of its deadline; the number of the slot."""
        number = int(min(seen + self._idle_s, ends)) + 1  # when that has come, the deadline has passed
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = {}
            heapq.heappush(self._slot_order, number)
            self._sweep_at = self._slot_order[0]
        slot[digest] = None
        return number

    def _remove(self, digest: bytes | None) -> None:
        entry = None if digest is None else self._entries.pop(digest, None)
        if digest is not None and entry is not None:
            slot = self._slots.get(entry[3])
            if slot is not None:
                slot.pop(digest, None)  # an emptied slot goes when it is due

    def _sweep(self, now: float, step: int) -> None:
        """Look at up to `step` sessions that are due: drop them, or enter anew those used since."""
        while self._slot_order and self._slot_order[0] <= now and step > 0:
            number = self._slot_order[0]
            slot = self._slots[number]
            while slot and step > 0:
                step -= 1
                digest, _ = slot.popitem()
                user, seen, ends, _, cart = self._entries[digest]
                if now >= min(seen + self._idle_s, ends):
                    del self._entries[digest]
                else:
                    self._put(digest, user, seen, ends, self._enter(digest, seen, ends), cart)
            if not slot:
                step -= 1
                heapq.heappop(self._slot_order)
                del self._slots[number]
        self._sweep_at = self._slot_order[0] if self._slot_order else float("inf")


def _mapping(flat: tuple[Any, ...]) -> Cart:
    return dict(zip(flat[::2], flat[1::2], strict=True)) if flat else {}
