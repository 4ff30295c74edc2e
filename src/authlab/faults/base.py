"""What a fault is: something done to a stack at a known moment, with proof that it took effect, and undone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from authlab.faults.course import Course
from authlab.model.errors import UsageProblem
from authlab.model.faults import PlannedFault
from authlab.model.modes import Mode
from authlab.model.session_store import TIMEOUT_S
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets


@dataclass(frozen=True)
class ValueUnit:
    """The unit of a fault's value. `default` is used if no value is given; None: a value is required."""

    name: str
    default: float | None
    least: float
    most: float
    whole: bool = False


@dataclass(frozen=True)
class Order:
    """A planned fault as it is carried out, with its target and value. `secrets` are those of the stack's workers.

    A fault of several steps waits between them by its `course`, and can be cut short there. `store_timeout_s` is how
    long the workers wait for a reply of the store.
    """

    planned: PlannedFault
    target: str
    value: float
    secrets: Secrets
    course: Course = field(default_factory=Course, compare=False)
    store_timeout_s: float = TIMEOUT_S


class Fault(ABC):
    """One kind of fault. It keeps no state except between `begin` and `end`. Each planned fault has its own object.

    `on` is its target: one worker, the store, or the whole stack. `lasts`: whether it needs a duration ("required") or
    ends by itself ("never"). `needs` are the capabilities that the stack must have (`authlab.stack.capabilities`);
    `needs_link`: it also needs the link in front of the store.
    """

    kind: ClassVar[str]
    summary: ClassVar[str]
    on: ClassVar[Literal["worker", "store", "stack"]]
    lasts: ClassVar[Literal["required", "never"]] = "never"
    unit: ClassVar[ValueUnit | None] = None
    needs: ClassVar[tuple[type, ...]] = ()
    needs_link: ClassVar[bool] = False
    needs_tokens: ClassVar[bool] = False
    """Whether it works only where workers sign tokens."""

    needs_own_clock: ClassVar[bool] = False
    """Whether it works only where tokens follow the service's clock, not the system's."""

    freezes: ClassVar[bool] = False
    """Whether the worker is silent for as long as it lasts, and must not be ended for that."""

    one_at_a_time: ClassVar[bool] = False
    """Whether two of them would undo each other, whichever workers they affect."""

    once_a_run: ClassVar[bool] = False
    """Whether a run can have only one of these faults: they change the signing key."""

    loses: ClassVar[Literal["nothing", "workers", "store", "tokens"]] = "nothing"
    """What is lost after it. Users whose state was there are logged out by design."""

    @abstractmethod
    def sentence(self, order: Order) -> str:
        """What it will do, in one sentence."""

    @abstractmethod
    def begin(self, stack: Any, order: Order) -> str:
        """Do it. Returns the proof that it took effect. Raises `LabError` if it can't be done."""

    def end(self, stack: Any, order: Order) -> str:  # noqa: ARG002 - most faults undo themselves
        """Undo it, or wait until its consequences are over. Returns further proof, or nothing.

        Called exactly once for each fault that has begun, whatever happened, even if `begin` itself failed.
        """
        return ""

    @classmethod
    def unprovable(cls, planned: PlannedFault) -> str:  # noqa: ARG003 - most can be proven at any size
        """Why the fault as planned could not be proven, and what to plan instead; empty if it can be proven."""
        return ""

    @classmethod
    def caution(cls, planned: PlannedFault, store_timeout_s: float) -> str:  # noqa: ARG003 - most need none
        """What the user should know of the fault as planned before it starts; empty if there is nothing."""
        return ""

    def check(self, stack: Stack) -> None:
        """Raise `UsageProblem` if it can't be done to this stack."""
        missing = [need.__name__.lower() for need in self.needs if not isinstance(stack, need)]
        if self.needs_link and not missing and getattr(stack, "link", None) is None:
            missing.append("link in front of a store")
        if missing:
            raise UsageProblem(f"{self.kind} can't be done to this stack: it has no {', '.join(missing)}")


def fits(fault: type[Fault], mode: Mode) -> bool:
    """Whether the fault has a target in that mode."""
    signature = mode.signature
    return (
        (fault.on != "store" or mode.needs_store)
        and (not fault.needs_tokens or signature is not None)
        and (not fault.needs_own_clock or (signature is not None and signature.own_clock))
    )
