"""Sessions in the memory of one process: bounded, expiring, swept a little at a time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import Final

from services.carts import Cart, added
from services.problems import Problem
from services.session_ids import new_session_id, session_digest
from services.states.protocol import Session

_SWEEP_STEP: Final = 200
"""Sessions looked at per sweep: about 0.1 ms, so that no request ever waits for the whole table."""

_FULL_SWEEP_STEP: Final = 2000
"""The same when the table is full, where the alternative is to turn a user away."""


class _Entry:
    """A session. Slots and no more: at 100,000 of them each byte is 0.1 MB."""

    __slots__ = ("cart", "ends", "seen", "slot", "user")

    def __init__(self, user: str, now: float, ends: float) -> None:
        self.user = user
        self.cart: Cart = {}
        self.seen = now
        self.ends = ends
        self.slot = 0


class SessionTable:
    """A `SessionStore` in memory.

    Expiry is exact on every look-up. Beside it, a calendar of one-second slots finds what nobody asks for any
    more: a session stands in the slot of its deadline as it was when it was entered, and is entered anew if
    it was used since. So a use costs nothing, and a sweep touches only what is due.

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
        self._slots: dict[int, set[bytes]] = {}
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
            entry = _Entry(user, now, now + self._absolute_s)
            self._entries[digest] = entry
            self._enter(digest, entry)
        return session_id

    def read(self, session_id: str) -> Session:
        """See `SessionStore`."""
        digest = session_digest(session_id)
        with self._lock:
            entry = self._live(digest)
            return Session(entry.user, entry.cart)

    def add(self, session_id: str, item: str, quantity: int) -> Session:
        """See `SessionStore`."""
        digest = session_digest(session_id)
        with self._lock:
            entry = self._live(digest)
            entry.cart = added(entry.cart, item, quantity)
            return Session(entry.user, entry.cart)

    def destroy(self, session_id: str) -> None:
        """See `SessionStore`."""
        digest = session_digest(session_id)
        with self._lock:
            self._live(digest)
            self._remove(digest)

    def _live(self, digest: bytes | None) -> _Entry:
        """The entry, marked as used now. The lock is held, here and below."""
        now = self._clock()
        if now >= self._sweep_at:
            self._sweep(now, _SWEEP_STEP)
        entry = None if digest is None else self._entries.get(digest)
        if entry is None:
            raise Problem("unknown_session")
        if now >= self._deadline(entry):
            self._remove(digest)
            raise Problem("expired", "The session has expired.")
        entry.seen = now
        return entry

    def _deadline(self, entry: _Entry) -> float:
        return min(entry.seen + self._idle_s, entry.ends)

    def _enter(self, digest: bytes, entry: _Entry) -> None:
        number = int(self._deadline(entry)) + 1  # when it has passed, so has the deadline
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
            heapq.heappush(self._slot_order, number)
            self._sweep_at = self._slot_order[0]
        slot.add(digest)
        entry.slot = number

    def _remove(self, digest: bytes | None) -> None:
        entry = None if digest is None else self._entries.pop(digest, None)
        if digest is not None and entry is not None:
            self._slots[entry.slot].discard(digest)  # an emptied slot goes when it is due

    def _sweep(self, now: float, step: int) -> None:
        """Look at up to `step` sessions that are due: drop them, or enter anew those used since."""
        while self._slot_order and self._slot_order[0] <= now and step > 0:
            number = self._slot_order[0]
            slot = self._slots[number]
            while slot and step > 0:
                step -= 1
                digest = slot.pop()
                entry = self._entries[digest]
                if now >= self._deadline(entry):
                    del self._entries[digest]
                else:
                    self._enter(digest, entry)
            if not slot:
                step -= 1
                heapq.heappop(self._slot_order)
                del self._slots[number]
        self._sweep_at = self._slot_order[0] if self._slot_order else float("inf")
