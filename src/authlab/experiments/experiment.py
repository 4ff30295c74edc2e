"""What an experiment is: a claim, plans to carry out, and expectations of what they bring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Expectation
from authlab.experiments.options import Options
from authlab.experiments.verdicts import combine
from authlab.model.findings import Judgement, Observation, Verdict
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

Bench = Literal["stacks", "browser"]
"""Where an experiment is carried out: on stacks under load, or in a browser."""


class Experiment(Protocol):
    """One claim. Implementations are stateless."""

    @property
    def id(self) -> str:
        """Its name on the command line."""

    @property
    def claim(self) -> str:
        """What it puts to the test, in the words of those who say it."""

    @property
    def summary(self) -> str:
        """One line for `authlab list`."""

    @property
    def bench(self) -> Bench:
        """Where it is carried out."""

    @property
    def telling(self) -> str:
        """The id of the figure that shows its result best; empty for the usual one."""

    def plan(self, options: Options, machine: MachineFacts) -> Sequence[Plan]:
        """What to stand up, load and harm, in order. Pure: what it needs of the machine is measured before."""

    def expectations(self, plans: Sequence[Plan]) -> Sequence[Expectation]:
        """What must come out of these plans if the claim's model is right, and how it is measured."""

    def observe(self, evidence: Evidence) -> Sequence[Observation]:
        """What is observed beside the expectations."""

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """The claim's verdict; there is at least one judgement."""


class StackExperiment(ABC):
    """An experiment on stacks under load. Its verdict is confirmed where every row is met (`holds`)."""

    id: ClassVar[str]
    claim: ClassVar[str]
    summary: ClassVar[str]
    holds: ClassVar[str]
    fails: ClassVar[str]
    telling: ClassVar[str] = ""
    bench: ClassVar[Bench] = "stacks"

    @abstractmethod
    def plan(self, options: Options, machine: MachineFacts) -> Sequence[Plan]:
        """See `Experiment.plan`."""

    @abstractmethod
    def rows(self, plans: Sequence[Plan]) -> Sequence[Expectation]:
        """The expectations of a run with all arms."""

    def expectations(self, plans: Sequence[Plan]) -> Sequence[Expectation]:
        """The rows whose arms these plans have."""
        there = {arm.label for plan in plans for arm in plan.arms}
        return [row for row in self.rows(plans) if there.issuperset((row.arm, *row.rests_on))]

    def observe(self, evidence: Evidence) -> Sequence[Observation]:  # noqa: ARG002 - most say all in their rows
        """See `Experiment.observe`."""
        return ()

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """See `Experiment.verdict`."""
        return combine(judgements, self.holds, self.fails)
