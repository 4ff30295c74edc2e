"""The connection to the store is slow, blocked, or cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from authlab.faults.base import Fault, Order, ValueUnit
from authlab.model.errors import LabError
from authlab.model.faults import PlannedFault
from authlab.stack.capabilities import Link, Linked

_NOISE_MS = 1.0  # how much a PING alone may vary on a busy machine
_LOOKS = 3  # a short disturbance of the machine is over by then; a wrong delay is not


def _link(stack: Any) -> Link:
    link: Link | None = stack.link
    if link is None:
        raise LabError("there is no link in front of the store")
    return link


def _silence(link: Link, close: Callable[[bool], None]) -> str:
    """Proof that a PING through the link fails once it is closed: the error; empty if the PING was answered.

    Raises `LabError` if there was no answer before, because silence would then prove nothing.
    """
    before = link.round_trip_ms()
    close(True)
    try:
        link.round_trip_ms()
    except LabError as error:
        return f"a PING through the link took {before:.2f} ms, then: {error}"
    return ""


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:g}"


def _is_away(order: Order) -> bool:
    return order.value >= order.store_timeout_s * 1000


class RedisLatency(Fault):
    """Everything that goes to the store is delayed by VALUE milliseconds.

    Workers wait only so long for a reply. A delay that reaches their limit makes the store one that is away.
    """

    kind = "redis-latency"
    summary = "delay everything that goes to the store by VALUE milliseconds; from --store-timeout (200) on it is away"
    on = "store"
    lasts = "required"
    unit = ValueUnit("ms", None, 0.1, 10_000.0)  # a smaller delay would be lost in a PING's own time
    needs = (Linked,)
    needs_link = True

    def sentence(self, order: Order) -> str:
        away = f": to workers, who wait {_ms(order.store_timeout_s)} ms, it is away" if _is_away(order) else ""
        return f"the store is {order.value:g} ms further away for {order.planned.for_s:g} s{away}"

    @classmethod
    def caution(cls, planned: PlannedFault, store_timeout_s: float) -> str:
        if planned.value is None or planned.value < store_timeout_s * 1000:
            return ""
        return (
            f"redis-latency={planned.value:g}ms: workers wait {_ms(store_timeout_s)} ms for a reply, so to them the "
            "store is away, and modes that need it answer every request with 503. To see slow answers instead, give "
            f"--store-timeout {planned.value / 1000 * 2:g}s or a smaller delay."
        )

    def begin(self, stack: Any, order: Order) -> str:
        link = _link(stack)
        before = link.round_trip_ms()
        link.delay(order.value)
        for _ in range(_LOOKS):
            after = link.round_trip_ms()
            if 0.5 * order.value <= after - before <= 2 * order.value + _NOISE_MS:
                away = f"; workers wait {_ms(order.store_timeout_s)} ms, so to them the store is away"
                took = f"a PING to the store took {before:.2f} ms, and {after:.2f} ms with the delay"
                return took + (away if _is_away(order) else "")
        return ""

    def end(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        _link(stack).delay(0)
        return f"a PING took {_link(stack).round_trip_ms():.2f} ms again"


class RedisStall(Fault):
    """Connections stay open, and nothing passes."""

    kind = "redis-stall"
    summary = "block all traffic to and from the store; connections stay open"
    on = "store"
    lasts = "required"
    needs = (Linked,)
    needs_link = True

    def sentence(self, order: Order) -> str:
        return f"nothing passes between workers and store for {order.planned.for_s:g} s; connections stay open"

    def begin(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        link = _link(stack)
        return _silence(link, link.stall)

    def end(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        _link(stack).stall(False)
        return f"a PING took {_link(stack).round_trip_ms():.2f} ms again"


class RedisCut(Fault):
    """Connections are closed and new ones refused."""

    kind = "redis-cut"
    summary = "close all connections to the store and refuse new ones"
    on = "store"
    lasts = "required"
    needs = (Linked,)
    needs_link = True

    def sentence(self, order: Order) -> str:
        return f"all connections to the store are cut and new ones refused for {order.planned.for_s:g} s"

    def begin(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        link = _link(stack)
        return _silence(link, link.cut)

    def end(self, stack: Any, order: Order) -> str:  # noqa: ARG002
        _link(stack).cut(False)
        return f"a PING took {_link(stack).round_trip_ms():.2f} ms again"


KINDS: Final = (RedisLatency, RedisStall, RedisCut)
