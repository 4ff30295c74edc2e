"""A worker is frozen: a stall (garbage collection, a frozen disk, a paused machine), not a crash."""

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
    summary = "freeze a worker (SIGSTOP), resume it at the end"
    on = "worker"
    lasts = "required"
    freezes = True
    loses = "workers"  # if the proxy gives up before the worker resumes
    needs = (Pausing, Serving)

    def sentence(self, order: Order) -> str:
        return f"{order.target} is frozen for {order.planned.for_s:g} s, with its memory and its connections"

    def begin(self, stack: Any, order: Order) -> str:
        pid = stack.pause(order.target)
        if answers(url_of(stack, order.target), _SILENT_FOR_S):
            return ""
        return f"pid {pid} was frozen: no answer to /healthz within {_SILENT_FOR_S * 1e3:.0f} ms"

    def end(self, stack: Any, order: Order) -> str:
        stack.resume(order.target)
        stack.wait_serving(order.target, BACK_WITHIN_S)
        return "it answers again"


KINDS: Final = (PauseWorker,)
