"""Sessions in the memory of one process: limited in number, expiring, swept in small steps."""

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
"""Sessions checked per sweep: about 0.1 ms, so that no request ever waits for the whole table."""

_FULL_SWEEP_STEP: Final = 2000
"""The same when the table is full, where the alternative is to refuse a user."""

# A session is a plain tuple: user, last use, absolute end, slot of the calendar, cart as (item, quantity, item, …).
# Python's garbage collector stops tracking tuples of plain values. It would walk through 100,000 objects with
# attributes again and again, 20 to 90 ms at a time, while every request waits. A slot is a dictionary without values
# for the same reason: the collector always walks through sets.
_Entry = tuple[str, float, float, int, tuple[str | int, ...]]
_Slot = dict[bytes, None]


class SessionTable:
    """A `SessionStore` in memory.

    Expiry is exact on every look-up. In addition, a calendar of one-second slots finds sessions that nobody uses any
    more. A session is put into the slot of its current deadline. When that slot is due and the session was used since,
    it is put into a later one. A use therefore moves nothing, and a sweep touches only what is due.

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
        """See `SessionStore`. Raises `store_full` when live sessions take every place."""
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
                    raise Problem("store_full", f"This worker already holds {self._capacity} sessions, its maximum.")
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

    # Below, the caller holds the lock.

    def _use(self, session_id: str) -> tuple[bytes, _Entry]:
        """A live session and its digest, marked as used now."""
        now = self._clock()
        digest = session_digest(session_id)
        entry = None if digest is None else self._entries.get(digest)
        if now >= self._sweep_at:
            self._sweep(now, _SWEEP_STEP)
            if digest is not None:
                # As the sweep left it. If that removed the session, the client must still get "expired".
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
        """Put a session into the slot of its deadline. Returns the number of the slot."""
        number = int(min(seen + self._idle_s, ends)) + 1  # when that second has come, the deadline has passed
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
                slot.pop(digest, None)  # an empty slot is removed when it is due

    def _sweep(self, now: float, step: int) -> None:
        """Check up to `step` sessions that are due: drop them, or put those used since into a later slot."""
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
