"""The trials of one experiment that can stand in one chart: those of one stage, with the same workers and load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from authlab.model.modes import MODES
from authlab.model.run import Run, Trial
from authlab.model.windows import AGAIN, mode_of
from authlab.stats.blocks import answered, block_table, measured
from authlab.store.frames import TrialFrames

_INDEX_STRIDE = 10_000_000
"""Trials of one setup number their slices each from 0: this keeps them apart after they were joined."""

_COLUMNS = (
    *("window", "op", "credential", "sent_ns", "done_ns", "status", "worker", "outcome", "reason", "label", "block"),
    *("warmup", "service_ms", "queue_ms", "response_ms", "lag_ms"),
)
"""What the report reads of a sample: request ids and carts would double the memory."""

RECORDING = "recording"
"""Stage of the one trial of plain Locust's recording: its blocks are seconds."""

PSEUDO_BLOCK_NS = 1_000_000_000
MODE_ORDER = tuple(label for mode in MODES for label in (mode, mode + AGAIN))


@dataclass(frozen=True)
class Setup:
    """Joined tables of the trials of one stage of an experiment.

    `pseudo_blocks` names the labels that had no blocks of their own (a recording, an arm of a fault stage) and were
    cut into seconds. `faulted`: its trials are arms that stood side by side, each under its own load, while faults
    were done to them.
    """

    stage: str
    workers: int
    trials: tuple[Trial, ...]
    samples: pl.DataFrame
    windows: pl.DataFrame
    resources: pl.DataFrame
    pseudo_blocks: frozenset[str]
    faulted: bool = False

    @cached_property
    def measured(self) -> pl.DataFrame:
        """Requests that count: after a successful log-in, outside of warm-up."""
        return measured(self.samples)

    @cached_property
    def answered(self) -> dict[str, pl.DataFrame]:
        """By label: `block`, `sent_ns`, `response_ms` of measured requests that got an answer or timed out."""
        kept = answered(self.samples).select("label", "block", "sent_ns", "response_ms")
        parts = kept.partition_by("label", as_dict=True)
        return {str(label): rows for (label,), rows in parts.items()}

    @cached_property
    def blocks(self) -> pl.DataFrame:
        """One row per label and block (see `authlab.stats.blocks.block_table`)."""
        return block_table(self.samples, self.resources, self.windows)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What was measured, controls first, then in the order of the trials."""
        # The log-ins before the first slice belong to a trial, but may carry no label.
        seen = [label for label in self.samples["label"].unique(maintain_order=True) if label]
        by_trial = {trial.mode: place for place, trial in enumerate(self.trials)}

        def place(label: str) -> tuple[int, int, str]:
            known = MODE_ORDER.index(label) if label in MODE_ORDER else len(MODE_ORDER)
            return known, by_trial.get(mode_of(label), len(by_trial)), label

        return tuple(sorted(seen, key=place))

    def column(self, label: str, name: str) -> dict[int, float]:
        """Column `name` of the block table of one label, by block; blocks without a value are left out."""
        rows = self.blocks.filter((pl.col("label") == label) & pl.col(name).is_not_null())
        return dict(zip(rows["block"].to_list(), rows[name].to_list(), strict=True))


def setups_of(run: Run, experiment: str, frames: Mapping[str, TrialFrames]) -> list[Setup]:
    """The setups of one experiment, one per stage, fewest workers first. Stages without a request are left out."""
    trials = [trial for trial in run.trials if trial.experiment == experiment]
    harmed = fault_stages(run)
    found = []
    for workers, stage in sorted({(trial.workers, trial.stage) for trial in trials}):
        members = [trial for trial in trials if (trial.workers, trial.stage) == (workers, stage)]
        setup = _join(stage, workers, members, frames, faulted=(experiment, stage) in harmed)
        if not setup.samples.is_empty():
            found.append(setup)
    return found


def fault_stages(run: Run) -> set[tuple[str, str]]:
    """Experiment and key of the stages that planned faults, also of those that planned none for a control."""
    return {(stage["experiment"], stage["key"]) for stage in run.parameters.get("stages", ()) if "faults" in stage}


def _join(stage: str, workers: int, trials: list[Trial], frames: Mapping[str, TrialFrames], *, faulted: bool) -> Setup:
    tables = [(trial, frames[trial.id]) for trial in trials if trial.id in frames]
    samples, windows, resources = [], [], []
    pseudo: set[str] = set()
    next_block: dict[str, int] = {}
    for number, (trial, held) in enumerate(tables):
        offset = number * _INDEX_STRIDE
        rows = held.samples.select(_COLUMNS).with_columns(
            pl.col("label").fill_null(trial.mode), pl.col("window") + offset
        )
        if trial.stage == RECORDING:
            pseudo |= {label for label in rows["label"].unique().to_list() if label}
        if faulted:
            # The phases of an arm's load are one window: faults know nothing of where one ends.
            rows = rows.with_columns(pl.col("block").clip(0, 0))
        if faulted or trial.blocks <= 1:
            rows, cut = _cut_into_seconds(rows)
            pseudo |= cut
        shift = _after(next_block, rows)
        samples.append(rows.with_columns(pl.col("block") + shift))
        windows.append(held.windows.with_columns(pl.col("index") + offset, pl.col("block") + shift))
        resources.append(held.resources.with_columns(pl.col("index") + offset))
    if not tables:
        empty = pl.DataFrame()
        return Setup(stage, workers, tuple(trials), empty, empty, empty, frozenset(), faulted)
    return Setup(
        stage,
        workers,
        tuple(trials),
        pl.concat(samples),
        pl.concat(windows),
        pl.concat(resources),
        frozenset(pseudo),
        faulted,
    )


def _after(next_block: dict[str, int], rows: pl.DataFrame) -> int:
    """By how much to shift a trial's blocks, so that a repeated trial's blocks follow the first one's."""
    # Log-ins before the first slice have no label: they are no block that could be repeated.
    labels: Iterable[str] = [label for label in rows["label"].unique().to_list() if label]
    last = rows["block"].max()
    shift = max((next_block.get(label, 0) for label in labels), default=0)
    for label in labels:
        next_block[label] = shift + (int(last) if isinstance(last, int) else 0) + 1
    return shift


def _cut_into_seconds(rows: pl.DataFrame) -> tuple[pl.DataFrame, set[str]]:
    """Number the seconds of a trial without blocks as its blocks; the torn last second joins the one before."""
    single = rows.filter(~pl.col("warmup")).group_by("label").agg(pl.col("block").n_unique())
    labels = set(single.filter(pl.col("block") == 1)["label"].to_list())
    if not labels:
        return rows, set()
    start = pl.col("sent_ns").filter(~pl.col("warmup")).min().over("label")
    end = pl.col("sent_ns").filter(~pl.col("warmup")).max().over("label")
    last = ((end - start) // PSEUDO_BLOCK_NS - 1).clip(0)
    second = pl.min_horizontal((pl.col("sent_ns") - start) // PSEUDO_BLOCK_NS, last)
    block = pl.when(pl.col("label").is_in(labels)).then(second).otherwise(pl.col("block"))
    return rows.with_columns(block.cast(pl.Int64).alias("block")), labels
