"""Everybody is logged out at once: the store forgets all sessions."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order
from authlab.stack.capabilities import Flushing


class FlushStore(Fault):
    """FLUSHALL."""

    kind = "flush-store"
    summary = "log everybody out at once: remove every key of the store"
    on = "store"
    loses = "store"
    needs = (Flushing,)

    def sentence(self, order: Order) -> str:  # noqa: ARG002
        return "every key of the store is removed, and with it every session"

    def begin(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        removed = stack.flush_store()
        return f"{removed} keys were removed" if removed else ""


KINDS: Final = (FlushStore,)
