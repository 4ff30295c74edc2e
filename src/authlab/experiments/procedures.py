"""What a procedure's rule is: given what was measured so far, the next step, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from authlab.experiments.evidence import PlanData
from authlab.model.plan import Interleaved, Procedure, SideBySide


@dataclass(frozen=True)
class Decision:
    """What a rule says after a step. `found` are the numbers that it took from the data so far.

    `exercise` is the next step; without one `ended` says why the procedure is over.
    """

    found: dict[str, float | None] = field(default_factory=dict)
    exercise: Interleaved | SideBySide | None = None
    ended: str = ""


class Rule(Protocol):
    """A rule by which steps follow from each other. Pure: it reads nothing but its arguments."""

    def __call__(self, procedure: Procedure, data: PlanData, elapsed_s: float) -> Decision:
        """`data` is of all steps so far (empty before the first), `elapsed_s` since the first began."""
