"""A worker is stopped gracefully, and stays away for a while."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order
from authlab.stack.capabilities import Serving, Stopping


class StopWorker(Fault):
    """SIGTERM: it finishes what it is doing. Started again when the fault ends."""

    kind = "stop-worker"
    summary = "stop a worker gracefully, start it again at the end"
    on = "worker"
    lasts = "required"
    loses = "workers"
    needs = (Stopping, Serving)

    def sentence(self, order: Order) -> str:
        return f"{order.target} is stopped gracefully and started again {order.planned.for_s:g} s later"

    def begin(self, stack: Any, order: Order) -> str:
        gone = stack.stop(order.target)
        return f"pid {gone.pid} had ended after {gone.after_s:.2f} s"

    def end(self, stack: Any, order: Order) -> str:
        stack.start_again(order.target)
        return "it serves again"


KINDS: Final = (StopWorker,)
