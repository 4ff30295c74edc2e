"""Faults done to a stack for the length of a block, and undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from web_client import Browser

from authlab.faults.schedule import FaultSchedule
from authlab.faults.spec import parse_fault
from authlab.model.faults import FaultEvent
from authlab.stack.local_operations import OperableLocalStack
from authlab.stack.secrets import Secrets

WITHIN_S = 60.0


class Doing:
    """Faults under way on one stack."""

    def __init__(self, stack: OperableLocalStack, secrets: Secrets, *texts: str, seed: int = 1) -> None:
        self.stack = stack
        self.written: list[int] = []
        self.schedule = FaultSchedule(
            stack, [parse_fault(t) for t in texts], secrets, seed, lambda events: self.written.append(len(events))
        )
        self.schedule.begin(time.monotonic_ns())

    def under_way(self) -> FaultEvent:
        """The first fault, once it has taken effect."""
        until(lambda: any(event.proven for event in self.schedule.events), "the fault has taken effect")
        return self.schedule.events[0]

    def over(self) -> FaultEvent:
        """The first fault, once all are over."""
        until(lambda: self.schedule.is_over, "the fault is over")
        assert self.schedule.problems == []
        assert self.written, "events are told as they happen"
        event = self.schedule.events[0]
        assert event.proven, event
        assert event.end_ns is not None
        return event


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline, f"not within {WITHIN_S:g} s: {what}"
        time.sleep(0.01)


@contextmanager
def doing(stack: OperableLocalStack, secrets: Secrets, *texts: str, seed: int = 1) -> Iterator[Doing]:
    found = Doing(stack, secrets, *texts, seed=seed)
    try:
        yield found
    finally:
        found.schedule.abort()


def serves(stack: OperableLocalStack) -> None:
    """Every worker answers, and the proxy sends new clients to each of them."""
    names = {worker.name for worker in stack.workers}
    seen: set[str] = set()
    deadline = time.monotonic() + 10
    while seen != names:
        assert time.monotonic() < deadline, f"new clients meet {seen} of {names}"
        seen.add(Browser(stack.url).get("/healthz").worker)
    assert stack.troubles() == []
