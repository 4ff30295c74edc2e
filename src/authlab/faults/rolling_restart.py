"""A deploy: every worker is restarted, one after the other."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order, ValueUnit
from authlab.faults.restarting import Restarted, names, proof_of, restart
from authlab.stack.capabilities import Stopping


class RollingRestart(Fault):
    """Graceful stops and starts in the workers' order. The next stop follows a while after the last worker serves
    again."""

    kind = "rolling-restart"
    summary = "restart all workers, one after the other, VALUE seconds apart"
    on = "stack"
    unit = ValueUnit("s", 1.0, 0.0, 600.0)
    loses = "workers"
    needs = (Stopping,)

    def sentence(self, order: Order) -> str:
        return f"every worker is stopped gracefully and started again, {order.value:g} s apart"

    def begin(self, stack: Any, order: Order) -> str:
        done: list[Restarted] = []
        for worker in names(stack):
            if done:
                order.course.wait(order.value)
            done.append(restart(stack, order, worker))
        return proof_of(done)


KINDS: Final = (RollingRestart,)
