"""A deploy: every worker is restarted, one after the other."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order, Unit
from authlab.faults.restarting import Restarted, names, restart, told
from authlab.stack.capabilities import Stopping


class RollingRestart(Fault):
    """Graceful stops and starts in the workers' order; the next goes a while after the one before serves again."""

    kind = "rolling-restart"
    summary = "restart all workers, one after the other, VALUE seconds apart"
    on = "stack"
    unit = Unit("s", 1.0, 0.0, 600.0)
    loses = "workers"
    needs = (Stopping,)

    def sentence(self, order: Order) -> str:
        return f"every worker is stopped gracefully and started again, the next {order.value:g} s after the one before"

    def begin(self, stack: Any, order: Order) -> str:
        done: list[Restarted] = []
        for worker in names(stack):
            if done:
                order.course.wait(order.value)
            done.append(restart(stack, order, worker))
        return told(done)


KINDS: Final = (RollingRestart,)
