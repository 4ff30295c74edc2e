"""What an experiment is: a claim, plans to carry out, and expectations of their results."""

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
        """The claim that it tests, in the words of the people who make it."""

    @property
    def summary(self) -> str:
        """One line for `authlab list`."""

    @property
    def bench(self) -> Bench:
        """Where it is carried out."""

    @property
    def telling(self) -> str:
        """The id of the figure that shows its result best; empty for the usual figure."""

    def plan(self, options: Options, machine: MachineFacts) -> Sequence[Plan]:
        """The plans to carry out, in order. Pure: the machine's facts are measured before."""

    def expectations(self, plans: Sequence[Plan]) -> Sequence[Expectation]:
        """The results that these plans must have if the claim's model is right, and how they are measured."""

    def observe(self, evidence: Evidence) -> Sequence[Observation]:
        """Observations in addition to the expectations."""

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """The claim's verdict. `judgements` holds at least one."""


class StackExperiment(ABC):
    """An experiment on stacks under load.

    Its claim is confirmed if every row is confirmed. `holds` and `fails` are the two summaries.
    """

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
        """The expectations of a run that has all arms."""

    def expectations(self, plans: Sequence[Plan]) -> Sequence[Expectation]:
        """Those of the rows whose arms are in these plans."""
        there = {arm.label for plan in plans for arm in plan.arms}
        return [row for row in self.rows(plans) if there.issuperset((row.arm, *row.rests_on))]

    def observe(self, evidence: Evidence) -> Sequence[Observation]:  # noqa: ARG002 - the rows of most cover everything
        """See `Experiment.observe`."""
        return ()

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """See `Experiment.verdict`."""
        return combine(judgements, self.holds, self.fails)
