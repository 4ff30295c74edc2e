"""Where experiments are carried out: what every bench offers, and the benches by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from authlab.experiments.evidence import Evidence
from authlab.experiments.experiment import Bench as BenchName
from authlab.lab.browsing.bench import BrowserBench
from authlab.lab.live import Context
from authlab.lab.session import Session
from authlab.lab.stack_bench import StackBench
from authlab.lab.stacks import StackKind
from authlab.lab.stored import Stored
from authlab.model.findings import ExperimentResult
from authlab.model.run import Trial
from authlab.store.runs import RunFolder


class Bench(Protocol):
    """Carries experiments out, and reads back what they left."""

    def check(self, results: Sequence[ExperimentResult], kind: StackKind) -> None:
        """Raise `Unavailable` or `UsageProblem`, with remedies, unless everything is there that these need."""

    def trials(self, results: Sequence[ExperimentResult], before: int) -> Iterator[Trial]:
        """The experiments' trials as they are planned, numbered after `before` others."""

    def measure(self, session: Session, results: Sequence[ExperimentResult], context: Context) -> Iterator[str]:
        """Measure, and yield the id of each experiment once all of it is on disk.

        On Ctrl-C what was measured is kept, and `session.interrupted` is set. Raises `LabError`, with a diagnosis, when
        something dies that was not to.
        """

    def with_trials(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> list[Trial]:
        """The experiment's trials, also those that a killed lab had measured and not noted."""

    def evidence(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> Evidence | None:
        """What the folder holds of the experiment; None where it can't be judged from there any more."""


BENCHES: Final[Mapping[BenchName, Bench]] = {"stacks": StackBench(), "browser": BrowserBench()}
