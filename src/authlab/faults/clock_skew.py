"""A worker's clock is off.

Not the machine's clock: the service (services/clock.py) adds seconds to the clock with which it issues and checks
tokens and sessions. A restart of the worker sets it, so a stateful worker loses its sessions, too.
"""

from __future__ import annotations

import time
from typing import Any, Final

from authlab.faults.asking import token_parts, url_of
from authlab.faults.base import Fault, Order, ValueUnit
from authlab.faults.restarting import restart
from authlab.model.faults import PlannedFault
from authlab.stack.capabilities import Giving, Stopping

_FILE = "clock.json"
_WHOLE_S = 1.0  # tokens count whole seconds, rounded down
_NOISE_S = 0.2  # a container's engine may run on a machine with a clock of its own
_LEAST_S = 1.5  # a clock that is off by less may issue the same as a right one


class ClockSkew(Fault):
    """VALUE seconds ahead, or behind where it is negative."""

    kind = "clock-skew"
    summary = "set a worker's clock VALUE seconds ahead (behind: a negative value), restarting it"
    on = "worker"
    lasts = "required"
    unit = ValueUnit("s", None, -86_400.0, 86_400.0)
    needs = (Giving, Stopping)
    needs_tokens = True
    needs_own_clock = True
    one_at_a_time = True  # one file holds the clocks of all workers
    loses = "tokens"

    def sentence(self, order: Order) -> str:
        side = "ahead" if order.value > 0 else "behind"
        return f"the service's clock on {order.target} is {abs(order.value):g} s {side} for {order.planned.for_s:g} s"

    @classmethod
    def unprovable(cls, planned: PlannedFault) -> str:
        if planned.value is None or abs(planned.value) >= _LEAST_S:
            return ""
        return (
            f"{cls.kind}={planned.value:g} can't be proven, because tokens count whole seconds: "
            f"set the clock at least {_LEAST_S:g} s ahead or behind"
        )

    def begin(self, stack: Any, order: Order) -> str:
        stack.give(_FILE, {order.target: order.value})
        done = restart(stack, order, order.target)
        asked_s = time.time()
        _, claims = token_parts(url_of(stack, order.target), order.secrets, stack.mode)
        issued_s, answered_s = float(claims["iat"]), time.time()

        def may_be_of_a_clock(ahead_s: float) -> bool:
            earliest_s, latest_s = asked_s + ahead_s - _WHOLE_S - _NOISE_S, answered_s + ahead_s + _NOISE_S
            return earliest_s < issued_s <= latest_s

        if may_be_of_a_clock(0.0) or not may_be_of_a_clock(order.value):
            return ""
        return f"{done}; it then issued a token {issued_s - answered_s:+.1f} s off"

    def end(self, stack: Any, order: Order) -> str:
        stack.give(_FILE, {})
        return str(restart(stack, order, order.target))


KINDS: Final = (ClockSkew,)
