"""Stacks and faults made by hand: they do nothing but write down what was done to them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from authlab.faults.base import Fault, Order, ValueUnit
from authlab.model.errors import LabError
from authlab.model.faults import PlannedFault
from authlab.model.modes import MODES
from authlab.stack.capabilities import Gone
from authlab.stack.protocol import WorkerInfo
from authlab.stack.secrets import Secrets

SECRETS = Secrets(Path("/nowhere"), Path("/nowhere/credentials.json"), "")


def workers(count: int) -> list[WorkerInfo]:
    """So many workers; no address of theirs is ever asked."""
    return [WorkerInfo(f"worker-{n + 1}", f"http://127.0.0.1:{n + 1}") for n in range(count)]


class BareStack:
    """A stack to which nothing can be done."""

    url = "http://127.0.0.1:9"
    mode = MODES["jwt"]

    def __init__(self, count: int = 3) -> None:
        self.workers = workers(count)
        self.done: list[Any] = []


class MadeLink:
    """A link whose PINGs take 0.25 ms and the delay; cut or stalled, they come to nothing."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.delayed_ms = 0.0
        self.silent = False
        self.done: list[Any] = []

    def delay(self, one_way_ms: float) -> None:
        """Noted."""
        self.delayed_ms = one_way_ms
        self.done.append(("delay", one_way_ms))

    def stall(self, stalled: bool) -> None:
        """Noted."""
        self.silent = stalled
        self.done.append(("stall", stalled))

    def cut(self, is_cut: bool) -> None:
        """Noted."""
        self.silent = is_cut
        self.done.append(("cut", is_cut))

    def round_trip_ms(self) -> float:
        """As the link is."""
        if self.silent:
            raise LabError("no answer within 200 ms")
        return 0.25 + self.factor * self.delayed_ms


class MadeStack(BareStack):
    """A stack to which everything can be done, and which does what it is told."""

    def __init__(self, count: int = 3, link: MadeLink | None = None, keys: int = 7) -> None:
        super().__init__(count)
        self.link = link
        self.keys = keys
        self.given: dict[str, Mapping[str, Any]] = {}

    def wait_serving(self, part: str, within_s: float) -> float:  # noqa: ARG002
        """At once."""
        self.done.append(("wait_serving", part))
        return 1.25

    def crash(self, part: str) -> Gone:
        """Noted."""
        self.done.append(("crash", part))
        return Gone(part, 4711, 0.012)

    def stop(self, part: str, *, kill: bool = False) -> Gone:
        """Noted."""
        self.done.append(("kill" if kill else "stop", part))
        return Gone(part, 4711, 0.5)

    def start_again(self, part: str, within_s: float = 30.0) -> None:  # noqa: ARG002
        """Noted."""
        self.done.append(("start_again", part))

    def pause(self, part: str) -> int:
        """Noted."""
        self.done.append(("pause", part))
        return 4711

    def resume(self, part: str) -> None:
        """Noted."""
        self.done.append(("resume", part))

    def scale(self, count: int, within_s: float = 30.0) -> None:  # noqa: ARG002
        """At once."""
        self.done.append(("scale", count))
        self.workers = workers(count)

    def drain(self, worker: str) -> None:
        """Noted."""
        self.done.append(("drain", worker))

    def undrain(self, worker: str) -> None:
        """Noted."""
        self.done.append(("undrain", worker))

    def flush_store(self) -> int:
        """Once."""
        self.done.append("flush_store")
        removed, self.keys = self.keys, 0
        return removed

    def give(self, name: str, content: Mapping[str, Any]) -> None:
        """Kept."""
        self.done.append(("give", name))
        self.given[name] = content


class MadeFault(Fault):
    """Writes down its begin and end; a test lets it fail, or wait in its begin until it is let go."""

    kind = "made"
    summary = "for tests"
    on = "worker"
    unit: ClassVar[ValueUnit | None] = ValueUnit("s", 0.5, 0.0, 9.0)
    begin_fails: ClassVar[Exception | None] = None
    end_fails: ClassVar[Exception | None] = None
    proof: ClassVar[str] = "it took"
    gate: ClassVar[threading.Event | None] = None

    def sentence(self, order: Order) -> str:
        """Short."""
        return f"{order.target} is hurt"

    def begin(self, stack: Any, order: Order) -> str:
        """Noted."""
        stack.done.append(("begin", order.target, order.value))
        if self.gate is not None:
            assert self.gate.wait(30)
        if self.begin_fails is not None:
            raise self.begin_fails
        return self.proof

    def end(self, stack: Any, order: Order) -> str:
        """Noted."""
        stack.done.append(("end", order.target, order.value))
        if self.end_fails is not None:
            raise self.end_fails
        return "it is over"


def made(kind: str, **attributes: Any) -> type[MadeFault]:
    """A kind of made fault."""
    return type("Made", (MadeFault,), {"kind": kind, **attributes})


def order(kind: str, *, target: str = "worker-2", value: float = 0.0, for_s: float | None = None) -> Order:
    """An order for a fault, settled."""
    return Order(PlannedFault(kind, 1.0, for_s), target, value, SECRETS)
