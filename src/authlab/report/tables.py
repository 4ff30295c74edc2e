"""The tables of all trials of one stage, joined: what every figure and every estimate of the stage reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from authlab.model.run import Trial
from authlab.model.windows import mode_of
from authlab.report.palette import MODE_ORDER
from authlab.stats.blocks import answered, block_table, measured
from authlab.stats.rounds import rounds_known, starts_in, tail_starts, with_rounds
from authlab.stats.starts import Starts
from authlab.store.frames import TrialFrames

_INDEX_STRIDE: Final = 10_000_000
"""Trials of one stage number their slices each from 0: this keeps them apart after they were joined."""

SAMPLE_COLUMNS: Final = (
    *("window", "op", "credential", "sent_ns", "done_ns", "status", "worker", "outcome", "reason", "label", "block"),
    *("warmup", "service_ms", "queue_ms", "response_ms", "lag_ms"),
)
"""What a report reads of a sample: request ids and carts would double the memory."""

RECORDING: Final = "recording"
"""Stage of the one trial of plain Locust's recording: its blocks are seconds."""

PSEUDO_BLOCK_NS: Final = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Tables:
    """Samples, windows and resources of one stage's trials.

    `pseudo_blocks` names the labels that had no blocks of their own (a recording, an arm that was loaded beside others)
    and were cut into seconds. `spans` gives label and block of each `index` of the resources: the windows, or, of a
    label that was cut, one span per reading of its resources. `round_ends` are the plan's: the number of the first
    block after each round.
    """

    samples: pl.DataFrame
    windows: pl.DataFrame
    spans: pl.DataFrame
    resources: pl.DataFrame
    trials: tuple[Trial, ...]
    pseudo_blocks: frozenset[str]
    round_ends: tuple[int, ...] = ()

    @property
    def measured(self) -> pl.LazyFrame:
        """Requests that count: after a successful log-in, outside of warm-up."""
        return measured(self.samples.lazy())

    @cached_property
    def requests(self) -> int:
        """How many requests count."""
        return int(self.measured.select(pl.len()).collect().item())

    @cached_property
    def answered(self) -> dict[str, pl.DataFrame]:
        """By label: `block`, `round`, `sent_ns`, `response_ms` of measured requests with an answer or a time-out."""
        rows = answered(self.samples.lazy()).select("label", "block", "sent_ns", "response_ms")
        kept = with_rounds(rows, self.round_ends).collect()
        parts = kept.partition_by("label", as_dict=True)
        return {str(label): rows for (label,), rows in parts.items()}

    @cached_property
    def blocks(self) -> pl.DataFrame:
        """One row per label and block (see `authlab.stats.blocks.block_table`), with its `round`."""
        return with_rounds(block_table(self.samples, self.resources, self.spans), self.round_ends)

    @cached_property
    def rounds(self) -> int:
        """How many rounds were measured long enough to show something about starts."""
        return rounds_known(self.blocks)

    def starts(self, quantity: str) -> Starts | None:
        """How much starts differ in a column of `blocks`; None if there was a single round."""
        if quantity not in self._starts:
            self._starts[quantity] = starts_in(self.blocks, quantity)
        return self._starts[quantity]

    def tail_starts(self, q: float) -> Starts | None:
        """The same for percentile `q` of the response time."""
        name = f"p{q:g}"
        if name not in self._starts:
            self._starts[name] = tail_starts(self.answered, set(self.labels), q) if self.rounds > 1 else None
        return self._starts[name]

    @cached_property
    def _starts(self) -> dict[str, Starts | None]:
        return {}

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

    @cached_property
    def order(self) -> dict[str, int]:
        """The place of each label in `labels`, to sort rows by."""
        return {label: place for place, label in enumerate(self.labels)}

    def column(self, label: str, name: str) -> dict[int, float]:
        """Column `name` of the block table of one label, by block; blocks without a value are left out."""
        rows = self.blocks.filter((pl.col("label") == label) & pl.col(name).is_not_null())
        return dict(zip(rows["block"].to_list(), rows[name].to_list(), strict=True))


def joined(
    trials: Sequence[Trial],
    frames: Mapping[str, TrialFrames],
    *,
    side_by_side: bool,
    round_ends: tuple[int, ...] = (),
) -> Tables | None:
    """The tables of one stage's trials; None where no request was recorded."""
    held = [(trial, frames[trial.id]) for trial in trials if trial.id in frames]
    if not any(tables.samples.height for _, tables in held):
        return None
    # Millions of labels are counted faster by number than by text.
    names = pl.Enum(sorted({*(trial.mode for trial, _ in held), *_labels_of(held)}))
    samples, windows, spans, resources = [], [], [], []
    pseudo: set[str] = set()
    next_block: dict[str, int] = {}
    for number, (trial, tables) in enumerate(held):
        offset = number * _INDEX_STRIDE
        rows = tables.samples.select(SAMPLE_COLUMNS).with_columns(
            pl.col("label").fill_null(trial.mode).cast(names), pl.col("window") + offset
        )
        slices = tables.windows.with_columns(pl.col("index") + offset, pl.col("label").cast(names))
        used = tables.resources.with_columns(pl.col("index") + offset)
        if trial.stage == RECORDING:
            pseudo |= {label for label in rows["label"].unique().to_list() if label}
        if side_by_side:
            # The phases of an arm's load are one window: a second of it is what stands in for a block.
            rows = rows.with_columns(pl.col("block").clip(0, 0))
        if side_by_side or trial.blocks <= 1:
            rows, cut = _cut_into_seconds(rows)
            pseudo |= cut
        shift = _after(next_block, rows)
        rows = rows.with_columns(pl.col("block") + shift)
        slices = slices.with_columns(pl.col("block") + shift)
        spanned = slices.select("index", "label", "block", "start_ns")
        if side_by_side and used.height:
            rows, spanned, used = _by_reading(rows, used, trial.mode, offset, shift)
        samples.append(rows)
        windows.append(slices)
        spans.append(spanned)
        resources.append(used)
    whole = (pl.concat(samples), pl.concat(windows), pl.concat(spans), pl.concat(resources))
    # Seconds that stand in for blocks belong to no round.
    return Tables(*whole, tuple(trials), frozenset(pseudo), () if pseudo else round_ends)


def _labels_of(held: Sequence[tuple[Trial, TrialFrames]]) -> set[str]:
    columns = [frame["label"] for _, tables in held for frame in (tables.samples, tables.windows)]
    return {label for column in columns for label in column.drop_nulls().unique().to_list()}


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


def _by_reading(
    rows: pl.DataFrame, used: pl.DataFrame, label: str, offset: int, shift: int
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Samples, spans and resources of an arm whose resources were read about once a second, one span per reading.

    A reading in which a process died and came back has no CPU time: it says nothing, and neither do its requests.
    """
    whole = pl.col("cpu_ns").is_not_null().all() & (pl.col("cpu_ns") >= 0).all()
    times = used.group_by("from_ns", "to_ns").agg(whole.alias("whole")).sort("from_ns")
    times = times.with_row_index("number").with_columns((pl.col("number").cast(pl.Int64) + offset).alias("reading"))
    kept = used.join(times, on=["from_ns", "to_ns"]).filter("whole")
    kept = kept.with_columns(pl.col("reading").alias("index")).select(used.columns)
    spans = times.select(
        pl.col("reading").alias("index"),
        pl.lit(label, dtype=rows.schema["label"]).alias("label"),
        (pl.col("number").cast(pl.Int64) + shift).alias("block"),
        pl.col("from_ns").alias("start_ns"),
    )
    # A request belongs to the reading in which it was done.
    ends = times.select(pl.col("to_ns").alias("done_ns"), pl.col("reading").alias("window")).sort("done_ns")
    placed = (
        rows.drop("window")
        .with_row_index("row")
        .sort("done_ns")
        .join_asof(ends, on="done_ns", strategy="forward")
        .sort("row")
        .with_columns(pl.col("window").fill_null(-1))
        .select(rows.columns)
    )
    return placed, spans, kept
