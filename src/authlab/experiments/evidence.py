"""What an experiment measured: the data of each arm in each plan, as judges and measures read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from authlab.browser.order import Answer
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked
from authlab.model.machine import MachineFacts
from authlab.model.plan import Arm, Plan
from authlab.model.session_store import StoreProbe
from authlab.stats.blocks import answered, block_table
from authlab.stats.rounds import rounds_known, starts_in, tail_starts, with_rounds
from authlab.stats.starts import Starts
from authlab.store.frames import TrialFrames


@dataclass(frozen=True)
class ArmData:
    """One arm as it was measured: its tables, the doubts about them, and its faults.

    Only arms that ask for probes (`Arm.probe_store`) have `probes`, in the order in which they were taken.
    """

    arm: Arm
    frames: TrialFrames
    doubts: tuple[str, ...] = ()
    faults: tuple[FaultEvent, ...] = ()
    checks: tuple[Checked, ...] = ()
    probes: tuple[StoreProbe, ...] = ()

    @property
    def samples(self) -> pl.DataFrame:
        """The arm's requests."""
        return self.frames.samples

    @property
    def fault(self) -> FaultEvent:
        """The arm's first fault. Raises `IndexError` if no fault happened."""
        return self.faults[0]


@dataclass(frozen=True)
class PlanData:
    """The data of one plan, by the labels of the arms that were measured."""

    plan: Plan
    arms: Mapping[str, ArmData]

    @cached_property
    def table(self) -> pl.DataFrame:
        """The block table over all arms (`authlab.stats.blocks.block_table`)."""
        held = [arm.frames for arm in self.arms.values()]
        tables = [block_table(frames.samples, frames.resources, frames.windows) for frames in held]
        return with_rounds(pl.concat(tables), self.plan.round_ends) if tables else pl.DataFrame()

    @cached_property
    def answered(self) -> Mapping[str, pl.DataFrame]:
        """The samples from which latency is computed, by label."""
        return {
            str(label): with_rounds(rows, self.plan.round_ends)
            for arm in self.arms.values()
            for (label,), rows in answered(arm.samples).partition_by("label", as_dict=True).items()
        }

    def starts(self, quantity: str) -> Starts | None:
        """How much starts differ in a quantity of the block table; None if the plan has a single round."""
        if quantity not in self._starts:
            self._starts[quantity] = starts_in(self.table, quantity)
        return self._starts[quantity]

    def tail_starts(self, q: float) -> Starts | None:
        """The same for percentile `q` of the response time."""
        name = f"p{q:g}"
        if name not in self._starts:
            known = self.answered if rounds_known(self.table) > 1 else {}
            self._starts[name] = tail_starts(known, set(known), q)
        return self._starts[name]

    @cached_property
    def _starts(self) -> dict[str, Starts | None]:
        return {}


@dataclass(frozen=True)
class Evidence:
    """The data of all plans of an experiment, and the machine's facts. `answers` are those of browsers, by key."""

    plans: tuple[PlanData, ...]
    machine: MachineFacts | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def of(self, label: str) -> list[ArmData]:
        """The arm with that label, from every plan that measured it."""
        return [data.arms[label] for data in self.plans if label in data.arms]

    def doubts(self, label: str) -> tuple[str, ...]:
        """The reasons, from all plans, why that arm's numbers can't be trusted."""
        return tuple(dict.fromkeys(reason for arm in self.of(label) for reason in arm.doubts))

    def at(self, stage: str) -> Evidence:
        """The evidence of that stage alone; all of it if `stage` is empty."""
        if not stage:
            return self
        return replace(self, plans=tuple(data for data in self.plans if data.plan.stage == stage))

    @property
    def is_empty(self) -> bool:
        """Whether no request was measured and no question was answered."""
        return not self.answers and not any(arm.samples.height for data in self.plans for arm in data.arms.values())
