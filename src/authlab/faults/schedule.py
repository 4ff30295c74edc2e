"""Faults carried out at their moments, recorded, and undone whatever happens."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from authlab.faults.base import Fault, Order
from authlab.faults.catalogue import FAULTS
from authlab.faults.course import Course
from authlab.model.errors import LabError, UsageProblem
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.session_store import TIMEOUT_S
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets

_UNDO_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.1


def order_of(planned: PlannedFault, stack: Stack, secrets: Secrets, seed: int) -> Order:
    """The order with its target and value. The seed chooses a worker, the same in every mode. Raises `UsageProblem`."""
    kind = FAULTS[planned.kind]
    value = planned.value if planned.value is not None else (kind.unit.default if kind.unit else None) or 0.0
    names = [worker.name for worker in stack.workers]
    if kind.on != "worker":
        return Order(planned, "store" if kind.on == "store" else "workers", value, secrets)
    if planned.target and planned.target not in names:
        raise UsageProblem(f"{planned.kind}: there is no {planned.target}; there are {', '.join(names)}")
    # A schedule needs a repeatable generator, not a secure one.
    chosen = random.Random(f"{seed}:{planned.kind}:{planned.at_s}").choice(names)  # noqa: S311
    return Order(planned, planned.target or chosen, value, secrets)


class FaultSchedule:
    """The faults of one stack. Each has a thread of its own, so they may overlap.

    `begin` starts the clock at `origin_ns` (CLOCK_MONOTONIC). `abort` undoes what is under way. After each change
    `on_change` gets all events so far. `problems` has a sentence for each fault that could not be done or undone.
    With `in_turn_s` a fault begins only when the one before it has been over for that many seconds.
    `store_timeout_s` is how long the workers wait for the store.
    """

    def __init__(
        self,
        stack: Stack,
        planned: Sequence[PlannedFault],
        secrets: Secrets,
        seed: int,
        on_change: Callable[[Sequence[FaultEvent]], None],
        in_turn_s: float | None = None,
        store_timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._stack = stack
        self._on_change = on_change
        self._lock = threading.Lock()
        self._notifying = threading.Lock()
        self._halt = threading.Event()
        self._in_turn_s = in_turn_s
        self._over = [threading.Event() for _ in planned]
        self._events: dict[int, FaultEvent] = {}
        self._threads: list[threading.Thread] = []
        self.problems: list[str] = []
        self.orders = [
            replace(order_of(one, stack, secrets, seed), course=Course(self._halt), store_timeout_s=store_timeout_s)
            for one in planned
        ]
        self._faults: list[Fault] = []
        for one in planned:
            fault = FAULTS[one.kind]()
            fault.check(stack)
            self._faults.append(fault)

    @property
    def sentences(self) -> list[str]:
        """What will be done, one sentence each."""
        return [
            f"at {order.planned.at_s:g} s: {fault.sentence(order)}"
            for fault, order in zip(self._faults, self.orders, strict=True)
        ]

    @property
    def events(self) -> tuple[FaultEvent, ...]:
        """What has happened so far, by its start."""
        with self._lock:
            return tuple(sorted(self._events.values(), key=lambda event: event.start_ns))

    def begin(self, origin_ns: int) -> None:
        """Start the clock: from now on faults happen."""
        for number in range(len(self._faults)):
            thread = threading.Thread(
                target=self._carry_out, args=(number, origin_ns), name=f"fault {number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    @property
    def is_over(self) -> bool:
        """Whether every fault has been done and undone."""
        return not any(thread.is_alive() for thread in self._threads)

    def abort(self) -> None:
        """Undo what is under way, and begin nothing more."""
        self._halt.set()
        self._join()

    def _join(self) -> None:
        deadline = time.monotonic() + _UNDO_WITHIN_S
        for thread, order in zip(self._threads, self.orders, strict=False):
            thread.join(max(0.1, deadline - time.monotonic()))
            if thread.is_alive():
                what = f"{order.planned.kind} of {order.target}"
                self.problems.append(f"{what} was not undone within {_UNDO_WITHIN_S:.0f} s")

    def _carry_out(self, number: int, origin_ns: int) -> None:
        try:
            if self._sleep_until(origin_ns + round(self.orders[number].planned.at_s * 1e9)) and self._wait_turn(number):
                self._do(number)
        finally:
            self._over[number].set()

    def _wait_turn(self, number: int) -> bool:
        if self._in_turn_s is None or number == 0:
            return True
        before = self._over[number - 1]
        while not before.wait(_LOOK_EVERY_S):
            if self._halt.is_set():
                return False
        return not self._halt.wait(self._in_turn_s)

    def _do(self, number: int) -> None:
        fault, order = self._faults[number], self.orders[number]
        planned = order.planned
        start_ns = time.monotonic_ns()
        proof = ""
        self._note(number, _event(order, start_ns, None, ""))  # if the lab is killed meanwhile, this record is left
        try:
            proof = fault.begin(self._stack, order)
            self._note(number, _event(order, start_ns, None, proof))
            if planned.for_s is not None and not self._sleep_until(start_ns + round(planned.for_s * 1e9)):
                lasted_s = (time.monotonic_ns() - start_ns) / 1e9
                self.problems.append(f"{planned.kind} was cut short after {lasted_s:.1f} of {planned.for_s:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it was: a thread that dies of it dies unheard
            self.problems.append(f"{planned.kind} could not be done: {_words(error)}")
            self._note(number, _event(order, start_ns, None, ""))
        finally:
            self._undo(number, fault, order, start_ns, proof)

    def _undo(self, number: int, fault: Fault, order: Order, start_ns: int, proof: str) -> None:
        kind = order.planned.kind
        try:
            more = fault.end(self._stack, order)
        except Exception as error:  # noqa: BLE001 - the same
            if not (self._halt.is_set() and isinstance(error, LabError)):
                self.problems.append(f"{kind} was not seen to end: {_words(error)}")
            return
        whole = "; ".join(filter(None, (proof, more))) if proof else ""
        self._note(number, _event(order, start_ns, time.monotonic_ns(), whole))

    def _note(self, number: int, event: FaultEvent) -> None:
        with self._notifying:  # so that of two threads the later one's events are the last
            with self._lock:
                self._events[number] = event
            self._on_change(self.events)

    def _sleep_until(self, moment_ns: int) -> bool:
        return not self._halt.wait(max(0.0, (moment_ns - time.monotonic_ns()) / 1e9))


def _event(order: Order, start_ns: int, end_ns: int | None, proof: str) -> FaultEvent:
    return FaultEvent(order.planned.kind, order.target, start_ns, end_ns, proof, order.value, order.course.steps)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, LabError) else f"{type(error).__name__}: {error}"
