"""The store stops, gracefully or not, and comes back after a while."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order
from authlab.faults.restarting import BACK_WITHIN_S
from authlab.stack.capabilities import Serving, Stopping


class StopRedis(Fault):
    """SIGTERM: Redis saves what it is configured to keep, and ends."""

    kind = "stop-redis"
    summary = "stop the store gracefully, start it again at the end"
    on = "store"
    lasts = "required"
    loses = "store"
    needs = (Stopping, Serving)
    _kill = False

    def sentence(self, order: Order) -> str:
        how = "killed by SIGKILL" if self._kill else "stopped gracefully"
        return f"the store is {how} and started again {order.planned.for_s:g} s later"

    def begin(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        gone = stack.stop("store", kill=self._kill)
        return f"pid {gone.pid} was gone after {gone.after_s * 1e3:.0f} ms"

    def end(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        stack.start_again("store", BACK_WITHIN_S)
        return "it accepts the password and answers again"


class KillRedis(StopRedis):
    """SIGKILL: what Redis had passed to the kernel is kept, because the kernel still runs."""

    kind = "kill-redis"
    summary = "SIGKILL the store, start it again at the end"
    _kill = True


KINDS: Final = (StopRedis, KillRedis)
