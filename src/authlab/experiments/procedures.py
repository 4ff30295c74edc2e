"""What a procedure's rule is: it takes the data so far, and gives the next step or the reason to end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from authlab.experiments.evidence import PlanData
from authlab.model.plan import Interleaved, Procedure, SideBySide


@dataclass(frozen=True)
class Decision:
    """What a rule decides after a step. `found` are the numbers that it computed from the data so far.

    `exercise` is the next step. If there is none, `ended` says why the procedure is over.
    """

    found: dict[str, float | None] = field(default_factory=dict)
    exercise: Interleaved | SideBySide | None = None
    ended: str = ""


class Rule(Protocol):
    """A rule that decides each step from the data of the steps before. Pure: it reads only its arguments."""

    def __call__(self, procedure: Procedure, data: PlanData, elapsed_s: float) -> Decision:
        """Decide the next step. `data` holds all steps so far, if any. The first one began `elapsed_s` ago."""
