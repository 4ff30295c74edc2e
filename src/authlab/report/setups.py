"""A stored run as the report sees it: experiments, and the stages of each as setups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from authlab.checkers.guards import only_worker
from authlab.model.findings import ExperimentResult
from authlab.model.history import TrialHistory
from authlab.model.plan import Plan
from authlab.model.run import Run, Trial
from authlab.model.windows import mode_of
from authlab.report.measures.arms import Arm, arms_of
from authlab.report.measures.costs import Cost, costs_of
from authlab.report.measures.ratios import Section, ratios_of, without
from authlab.report.measures.refusals import Refusals, refusals_of
from authlab.report.measures.response import Response, response_of
from authlab.report.tables import Tables, joined
from authlab.report.words import sentence, workers
from authlab.store.frames import TrialFrames


@dataclass(frozen=True, eq=False)
class Setup:
    """One stage of an experiment, measured: what can stand in one chart.

    `plan` is None where the run does not tell it (a recording). `side_by_side`: its arms were loaded at the same time,
    so their seconds stand in for blocks, and their times are not compared with each other. `arms` are then what was
    done to each and what came of it.
    """

    result: ExperimentResult
    stage: str
    plan: Plan | None
    tables: Tables
    seed: int
    side_by_side: bool
    arms: tuple[Arm, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What was measured, controls first."""
        return self.tables.labels

    @property
    def pseudo_blocks(self) -> frozenset[str]:
        """The labels whose seconds stand in for blocks."""
        return self.tables.pseudo_blocks

    @property
    def workers(self) -> int:
        """Workers of each of its stacks; 0 where that is not known, or not the same for all."""
        found = {trial.workers for trial in self.tables.trials}
        return found.pop() if len(found) == 1 else 0

    def workers_of(self, label: str) -> int:
        """Workers of the stack behind a label; 0 where that is not known."""
        found = {trial.workers for trial in self.tables.trials if trial.mode == mode_of(label)}
        return self.workers or (found.pop() if len(found) == 1 else 0)

    @cached_property
    def blocks(self) -> dict[str, int]:
        """How many blocks each label has."""
        return {label: len(self.tables.column(label, "requests")) for label in self.labels}

    @cached_property
    def refusals(self) -> tuple[Refusals, ...]:
        """Shares of requests that were refused, beside what was predicted."""
        return refusals_of(self.tables, self.result, self.stage, self.workers_of)

    @cached_property
    def response(self) -> Response:
        """Response time by percentile."""
        return response_of(self.tables, self.seed)

    @cached_property
    def costs(self) -> tuple[Cost, ...]:
        """CPU time per request."""
        return costs_of(self.tables)

    @cached_property
    def ratios(self) -> tuple[Section, ...]:
        """Each mode against `none`; empty for arms side by side, whose ratios would be those of their faults."""
        return () if self.side_by_side else without(ratios_of(self.tables, self.seed), self.on_one_worker)

    @cached_property
    def on_one_worker(self) -> dict[str, str]:
        """The labels whose load reached one of several workers alone, and that worker: they are compared with none."""
        found = {}
        for label in () if self.side_by_side else self.labels:
            rows = self.tables.samples.filter((pl.col("label") == label) & ~pl.col("warmup"))
            if only := only_worker(rows, self.workers_of(label)):
                found[label] = only[0]
        return found


@dataclass(frozen=True, eq=False)
class Experiment:
    """One experiment of a run with the setups that were measured. `versions` are those of the run's programs."""

    result: ExperimentResult
    trials: tuple[Trial, ...]
    setups: tuple[Setup, ...]
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its id in words."""
        return sentence(self.result.id.replace("-", " "))

    @property
    def side_by_side(self) -> bool:
        """Whether arms stood side by side in it."""
        return any(setup.side_by_side for setup in self.setups) or any(plan.side_by_side for plan in self.result.plans)

    @property
    def by_workers(self) -> bool:
        """Whether the number of workers is what tells its setups apart."""
        numbers = {setup.workers for setup in self.setups}
        return len(numbers) == len(self.setups) > 1 and 0 not in numbers

    def name_of(self, setup: Setup) -> str:
        """A setup in words: its number of workers where that is what varies, else its stage."""
        return workers(setup.workers) if self.by_workers else setup.stage


def experiments_of(
    run: Run, frames: Mapping[str, TrialFrames], histories: Mapping[str, TrialHistory]
) -> tuple[Experiment, ...]:
    """The run's experiments, with a bare one for trials that no experiment speaks for (a recording)."""
    known = {result.id for result in run.experiments}
    orphans = dict.fromkeys(trial.experiment for trial in run.trials if trial.experiment not in known)
    bare = (ExperimentResult(id=name, claim="", predictions=()) for name in orphans)
    return tuple(_experiment(run, result, frames, histories) for result in (*run.experiments, *bare))


def _experiment(
    run: Run, result: ExperimentResult, frames: Mapping[str, TrialFrames], histories: Mapping[str, TrialHistory]
) -> Experiment:
    trials = tuple(trial for trial in run.trials if trial.experiment == result.id)
    plans = {plan.stage: plan for plan in result.plans}
    setups = []
    for stage in dict.fromkeys([*plans, *(trial.stage for trial in trials)]):
        members = [trial for trial in trials if trial.stage == stage]
        plan = plans.get(stage)
        side = plan.side_by_side if plan else any(trial.id in histories for trial in members)
        ends = plan.round_ends if plan else ()
        tables = joined(members, frames, side_by_side=side, round_ends=ends)
        if tables is not None:
            arms = arms_of(tables.labels, members, frames, histories) if side else ()
            setups.append(Setup(result, stage, plan, tables, run.seed, side, arms))
    return Experiment(result, trials, tuple(setups), run.versions)
