"""Benches carry experiments out. This module has their protocol, and the benches by name."""

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
    """Carries experiments out, and reads their data back."""

    def check(self, results: Sequence[ExperimentResult], kind: StackKind) -> None:
        """Raise `Unavailable` or `UsageProblem`, with remedies, if something that these experiments need is missing."""

    def trials(self, results: Sequence[ExperimentResult], before: int) -> Iterator[Trial]:
        """The experiments' trials as planned. Their numbers continue after `before` other trials."""

    def measure(self, session: Session, results: Sequence[ExperimentResult], context: Context) -> Iterator[str]:
        """Measure, and yield the id of each experiment once all of it is on disk.

        On Ctrl-C the data so far are kept, and `session.interrupted` is set. Raises `LabError`, with a diagnosis, if a
        process dies that no fault was to kill.
        """

    def with_trials(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> list[Trial]:
        """The experiment's trials, including those that a killed lab measured but did not write to run.json."""

    def evidence(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> Evidence | None:
        """The experiment's data in the folder; None if they no longer allow a judgement."""


BENCHES: Final[Mapping[BenchName, Bench]] = {"stacks": StackBench(), "browser": BrowserBench()}
