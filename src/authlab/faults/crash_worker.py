"""A worker dies as a program does that is out of memory: at once, and all of it."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.base import Fault, Order
from authlab.faults.restarting import BACK_WITHIN_S
from authlab.stack.capabilities import Crashing, Serving


class CrashWorker(Fault):
    """SIGKILL of a whole instance; the stack's supervisor brings it back, which is the fault's end."""

    kind = "crash-worker"
    summary = "SIGKILL a worker; the stack's supervisor brings it back"
    on = "worker"
    loses = "workers"
    needs = (Crashing, Serving)

    def sentence(self, order: Order) -> str:
        return f"{order.target} is killed by SIGKILL, master and children alike, and its supervisor starts it again"

    def begin(self, stack: Any, order: Order) -> str:
        gone = stack.crash(order.target)
        return f"pid {gone.pid} was gone after {gone.after_s * 1e3:.0f} ms"

    def end(self, stack: Any, order: Order) -> str:
        return f"it served again {stack.wait_serving(order.target, BACK_WITHIN_S):.2f} s later"


KINDS: Final = (CrashWorker,)
