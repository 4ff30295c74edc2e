"""More workers, or fewer, while users are active."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.asking import answers, url_of
from authlab.faults.base import Fault, Order, ValueUnit
from authlab.faults.restarting import names
from authlab.model.errors import UsageProblem
from authlab.stack.capabilities import Scaling

_WORKERS = ValueUnit("workers", 1.0, 1.0, 64.0, whole=True)
_ANSWER_WITHIN_S = 2.0


class ScaleOut(Fault):
    """Further workers are started, then added to the proxy's list."""

    kind = "scale-out"
    summary = "start VALUE more workers and add them to the proxy"
    on = "stack"
    unit = _WORKERS
    loses = "workers"
    needs = (Scaling,)

    def sentence(self, order: Order) -> str:
        return f"{_counted('more ', order.value)} started, and added to the proxy"

    def begin(self, stack: Any, order: Order) -> str:
        before = names(stack)
        stack.scale(len(before) + int(order.value))
        new = [name for name in names(stack) if name not in before]
        serving = [name for name in new if answers(url_of(stack, name), _ANSWER_WITHIN_S)]
        return f"{', '.join(serving)} serve beside {', '.join(before)}" if len(serving) == int(order.value) else ""


class ScaleIn(Fault):
    """The last workers are removed from the proxy and stopped gracefully."""

    kind = "scale-in"
    summary = "remove the last VALUE workers from the proxy and stop them gracefully"
    on = "stack"
    unit = _WORKERS
    loses = "workers"
    needs = (Scaling,)

    def sentence(self, order: Order) -> str:
        return f"{_counted('', order.value)} removed from the proxy and stopped gracefully, from the last on"

    def begin(self, stack: Any, order: Order) -> str:
        before = {worker.name: worker.url for worker in stack.workers}
        left = len(before) - int(order.value)
        if left < 1:
            raise UsageProblem(f"scale-in={order.value:g} would leave {left} of {len(before)} workers; one must stay")
        stack.scale(left)
        gone = [name for name in before if name not in names(stack)]
        silent = [name for name in gone if not answers(before[name], _ANSWER_WITHIN_S)]
        return f"{', '.join(silent)} no longer answer" if len(silent) == int(order.value) else ""


def _counted(more: str, workers: float) -> str:
    return f"{workers:g} {more}worker{' is' if workers == 1 else 's are'}"


KINDS: Final = (ScaleOut, ScaleIn)
