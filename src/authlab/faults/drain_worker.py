"""A deploy that waits: a worker gets no new clients until its own have left, then it is restarted."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.asking import served_by
from authlab.faults.base import Fault, Order
from authlab.faults.restarting import names, restart
from authlab.stack.capabilities import Draining, Stopping

_LOOKS_PER_WORKER = 4


class DrainWorker(Fault):
    """nginx's `drain` for as long as the fault lasts. Then the worker is restarted and gets clients again."""

    kind = "drain-worker"
    summary = "send a worker no new clients (nginx's drain), restart it at the end"
    on = "worker"
    lasts = "required"
    loses = "workers"
    needs = (Draining, Stopping)

    def sentence(self, order: Order) -> str:
        return (
            f"{order.target} gets no new clients for {order.planned.for_s:g} s while its own may stay, "
            "then it is restarted"
        )

    def begin(self, stack: Any, order: Order) -> str:
        stack.drain(order.target)
        looks = _LOOKS_PER_WORKER * len(names(stack))
        chosen = [served_by(stack.url) for _ in range(looks)]
        if order.target in chosen or not all(chosen):  # a client without an answer may have been sent anywhere
            return ""
        return f"none of {looks} new clients was sent to {order.target}"

    def end(self, stack: Any, order: Order) -> str:
        try:
            return str(restart(stack, order, order.target))
        finally:
            stack.undrain(order.target)


KINDS: Final = (DrainWorker,)
