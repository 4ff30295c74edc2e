"""A worker's clock is off.

Not the machine's: a seam of the service (services/clock.py), which adds seconds to the clock that tokens and sessions
are issued and checked by. A restart of the worker sets it, so a stateful worker loses its sessions too.
"""

from __future__ import annotations

import time
from typing import Any

from authlab.faults.asking import token_parts, url_of
from authlab.faults.base import Fault, Order, Unit
from authlab.faults.restarting import restart
from authlab.stack.capabilities import Giving, Stopping

_FILE = "clock.json"
_TOLERANCE_S = 1.5  # tokens tell whole seconds


class ClockSkew(Fault):
    """VALUE seconds ahead, or behind where it is negative."""

    kind = "clock-skew"
    summary = "set a worker's clock VALUE seconds ahead (behind: a negative value), restarting it"
    on = "worker"
    lasts = "required"
    unit = Unit("s", None, -86_400.0, 86_400.0)
    needs = (Giving, Stopping)
    needs_tokens = True
    loses = "tokens"

    def sentence(self, order: Order) -> str:
        side = "ahead" if order.value > 0 else "behind"
        return f"the service's clock on {order.target} is {abs(order.value):g} s {side} for {order.planned.for_s:g} s"

    def begin(self, stack: Any, order: Order) -> str:
        stack.give(_FILE, {order.target: order.value})
        done = restart(stack, order, order.target)
        _, claims = token_parts(url_of(stack, order.target), order.secrets)
        off_s = float(claims["iat"]) - time.time()
        if abs(off_s - order.value) > _TOLERANCE_S:
            return ""
        return f"{done}; it then issued a token {off_s:+.1f} s off"

    def end(self, stack: Any, order: Order) -> str:
        stack.give(_FILE, {})
        return str(restart(stack, order, order.target))
