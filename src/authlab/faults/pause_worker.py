"""A worker stands still: a stall (garbage collection, a frozen disk, a paused machine), no crash."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.asking import answers, url_of
from authlab.faults.base import Fault, Order
from authlab.faults.restarting import BACK_WITHIN_S
from authlab.stack.capabilities import Pausing, Serving

_SILENT_FOR_S = 0.2


class PauseWorker(Fault):
    """SIGSTOP, later SIGCONT: connections stay open, nothing is answered, nothing is forgotten."""

    kind = "pause-worker"
    summary = "let a worker stand still (SIGSTOP), and go on at the end"
    on = "worker"
    lasts = "required"
    loses = "workers"  # where the proxy gives up before it goes on
    needs = (Pausing, Serving)

    def sentence(self, order: Order) -> str:
        return f"{order.target} stands still for {order.planned.for_s:g} s, with its memory and its connections"

    def begin(self, stack: Any, order: Order) -> str:
        pid = stack.pause(order.target)
        if answers(url_of(stack, order.target), _SILENT_FOR_S):
            return ""
        return f"pid {pid} stood still: no answer to /healthz within {_SILENT_FOR_S * 1e3:.0f} ms"

    def end(self, stack: Any, order: Order) -> str:
        stack.resume(order.target)
        stack.wait_serving(order.target, BACK_WITHIN_S)
        return "it answers again"


KINDS: Final = (PauseWorker,)
