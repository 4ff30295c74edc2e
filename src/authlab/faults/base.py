"""What a fault is: something done to a stack at a known moment, with proof that it took effect, and undone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from authlab.faults.course import Course
from authlab.model.errors import UsageProblem
from authlab.model.faults import PlannedFault
from authlab.model.modes import Mode
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets


@dataclass(frozen=True)
class ValueUnit:
    """What a fault's value is measured in. `default` stands where none is given; None: it must be."""

    name: str
    default: float | None
    least: float
    most: float
    whole: bool = False


@dataclass(frozen=True)
class Order:
    """A planned fault as it is carried out: target and value settled. `secrets` are those of the stack's workers.

    A fault of several steps waits between them by its `course`, and so can be cut short.
    """

    planned: PlannedFault
    target: str
    value: float
    secrets: Secrets
    course: Course = field(default_factory=Course, compare=False)


class Fault(ABC):
    """One kind of fault. Stateless but for what lies between `begin` and `end`: one object for each that is planned.

    `on` says what it is done to: one worker, the store, or the whole stack. `lasts`: whether it needs a duration
    ("required") or ends by itself ("never"). `needs` are the capabilities that the stack
    must have (`authlab.stack.capabilities`); `needs_link`: the link in front of the store too.
    """

    kind: ClassVar[str]
    summary: ClassVar[str]
    on: ClassVar[Literal["worker", "store", "stack"]]
    lasts: ClassVar[Literal["required", "never"]] = "never"
    unit: ClassVar[ValueUnit | None] = None
    needs: ClassVar[tuple[type, ...]] = ()
    needs_link: ClassVar[bool] = False
    needs_tokens: ClassVar[bool] = False
    """Whether it makes sense only where workers sign tokens."""

    one_at_a_time: ClassVar[bool] = False
    """Whether two of them would undo each other whatever worker each is done to."""

    once_a_run: ClassVar[bool] = False
    """Whether it is one of those of which a run can have only one: they change the signing key."""

    loses: ClassVar[Literal["nothing", "workers", "store", "tokens"]] = "nothing"
    """What is gone after it, so that those whose state lay there are logged out by design."""

    @abstractmethod
    def sentence(self, order: Order) -> str:
        """What it will do, in one sentence."""

    @abstractmethod
    def begin(self, stack: Any, order: Order) -> str:
        """Do it; returns the proof that it took effect. Raises `LabError` where it can't be done."""

    def end(self, stack: Any, order: Order) -> str:  # noqa: ARG002 - most faults undo themselves
        """Undo it, or wait until what it caused is over; further proof, or nothing.

        Called exactly once for each fault that has begun, whatever happened, also where `begin` itself failed.
        """
        return ""

    @classmethod
    def unprovable(cls, planned: PlannedFault) -> str:  # noqa: ARG003 - most can be proven at any size
        """Why there could be no proof of it as it is planned, with what to plan instead; empty where there can be."""
        return ""

    def check(self, stack: Stack) -> None:
        """Raise `UsageProblem` if it can't be done to this stack."""
        missing = [need.__name__.lower() for need in self.needs if not isinstance(stack, need)]
        if self.needs_link and not missing and getattr(stack, "link", None) is None:
            missing.append("link in front of a store")
        if missing:
            raise UsageProblem(f"{self.kind} can't be done to this stack: it has no {', '.join(missing)}")


def fits(fault: type[Fault], mode: Mode) -> bool:
    """Whether there is something in that mode that the fault can be done to."""
    return (fault.on != "store" or mode.needs_store) and (not fault.needs_tokens or mode.signs_tokens)
