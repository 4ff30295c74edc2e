"""What an experiment brought: the data of each arm in each plan, as judges and measures read it."""

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
from authlab.store.frames import TrialFrames


@dataclass(frozen=True)
class ArmData:
    """One arm as it was measured: its tables, why they can't be trusted, and what was done to it.

    `probes` are of arms that ask for them (`Arm.probe_store`), taken one after the other.
    """

    arm: Arm
    frames: TrialFrames
    doubts: tuple[str, ...] = ()
    faults: tuple[FaultEvent, ...] = ()
    checks: tuple[Checked, ...] = ()
    probes: tuple[StoreProbe, ...] = ()

    @property
    def samples(self) -> pl.DataFrame:
        """Its requests."""
        return self.frames.samples

    @property
    def fault(self) -> FaultEvent:
        """The first fault. Raises `IndexError` where none happened."""
        return self.faults[0]


@dataclass(frozen=True)
class PlanData:
    """What one plan brought, by the labels of those of its arms that were measured."""

    plan: Plan
    arms: Mapping[str, ArmData]

    @cached_property
    def table(self) -> pl.DataFrame:
        """The block table over all arms (`authlab.stats.blocks.block_table`)."""
        held = [arm.frames for arm in self.arms.values()]
        tables = [block_table(frames.samples, frames.resources, frames.windows) for frames in held]
        return pl.concat(tables) if tables else pl.DataFrame()

    @cached_property
    def answered(self) -> Mapping[str, pl.DataFrame]:
        """The samples that latency is taken from, by label."""
        return {
            str(label): rows
            for arm in self.arms.values()
            for (label,), rows in answered(arm.samples).partition_by("label", as_dict=True).items()
        }


@dataclass(frozen=True)
class Evidence:
    """All plans of an experiment, and what was measured of the machine. `answers` are those of browsers, by key."""

    plans: tuple[PlanData, ...]
    machine: MachineFacts | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)

    def of(self, label: str) -> list[ArmData]:
        """The arm of that label in every plan that measured it."""
        return [data.arms[label] for data in self.plans if label in data.arms]

    def doubts(self, label: str) -> tuple[str, ...]:
        """Why numbers of that arm can't be trusted, over all plans."""
        return tuple(dict.fromkeys(reason for arm in self.of(label) for reason in arm.doubts))

    def at(self, stage: str) -> Evidence:
        """The evidence of that stage alone; all of it where `stage` is empty."""
        if not stage:
            return self
        return replace(self, plans=tuple(data for data in self.plans if data.plan.stage == stage))

    @property
    def is_empty(self) -> bool:
        """Whether not a single request was measured and not a single question answered."""
        return not self.answers and not any(arm.samples.height for data in self.plans for arm in data.arms.values())
