"""What the lab reports while it works, to a terminal or to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from authlab.model.findings import ExperimentResult, Prediction


@dataclass(frozen=True)
class Progress:
    """The progress of a stage's load. Shares are of all requests so far; `rate_rps` is over the last readings."""

    block: int
    blocks: int
    mode: str
    elapsed_s: float
    duration_s: float
    requests: int
    rate_rps: float
    failure_shares: dict[str, float]


class Listener(Protocol):
    """Receives events from the lab's main thread."""

    def phase(self, text: str) -> None:
        """A new phase begins ("starting 5 stacks of 3 workers")."""

    def predicted(self, experiment: str, claim: str, predictions: Sequence[Prediction]) -> None:
        """The predictions of an experiment, before anything runs."""

    def progress(self, progress: Progress) -> None:
        """The load goes on."""

    def judged(self, result: ExperimentResult) -> None:
        """An experiment has its verdict."""

    def note(self, text: str) -> None:
        """A message that does not stop the run."""
