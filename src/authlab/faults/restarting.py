"""Restarting workers, as a deploy does and several faults need."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from authlab.faults.base import Order

BACK_WITHIN_S = 30.0


@dataclass(frozen=True)
class Restarted:
    """A worker that was ended and served again after `away_s`."""

    worker: str
    pid: int
    away_s: float

    def __str__(self) -> str:
        return f"pid {self.pid} of {self.worker} ended, it served again after {self.away_s:.2f} s"


def restart(stack: Any, order: Order, worker: str, *, kill: bool = False) -> Restarted:
    """End a worker and start it again: a step of the order's course. Raises `LabError`."""
    start_ns = time.monotonic_ns()
    gone = stack.stop(worker, kill=kill)
    gone_ns = time.monotonic_ns()
    stack.start_again(worker, BACK_WITHIN_S)
    order.course.step(worker, start_ns, gone_ns)
    return Restarted(worker, gone.pid, (time.monotonic_ns() - start_ns) / 1e9)


def restart_all(stack: Any, order: Order, *, kill: bool = False) -> list[Restarted]:
    """Restart all workers at once."""
    workers = names(stack)
    with ThreadPoolExecutor(len(workers), thread_name_prefix="restart") as pool:
        return list(pool.map(lambda worker: restart(stack, order, worker, kill=kill), workers))


def names(stack: Any) -> list[str]:
    """The workers' names."""
    return [worker.name for worker in stack.workers]


def proof_of(restarts: Sequence[Restarted]) -> str:
    """The proof of several restarts."""
    return "; ".join(map(str, restarts))
