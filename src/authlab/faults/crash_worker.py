"""A worker dies like a program that is out of memory: at once, with all its processes."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order
from authlab.faults.restarting import BACK_WITHIN_S
from authlab.stack.capabilities import Crashing, Serving


class CrashWorker(Fault):
    """SIGKILL of a whole instance. The fault ends when the stack's supervisor has brought it back."""

    kind = "crash-worker"
    summary = "SIGKILL a worker; the stack's supervisor brings it back"
    on = "worker"
    loses = "workers"
    needs = (Crashing, Serving)

    def sentence(self, order: Order) -> str:
        return f"{order.target} is killed by SIGKILL, with all its processes, and its supervisor starts it again"

    def begin(self, stack: Any, order: Order) -> str:
        gone = stack.crash(order.target)
        return f"pid {gone.pid} was gone after {gone.after_s * 1e3:.0f} ms"

    def end(self, stack: Any, order: Order) -> str:
        return f"it served again {stack.wait_serving(order.target, BACK_WITHIN_S):.2f} s later"


KINDS: Final = (CrashWorker,)
