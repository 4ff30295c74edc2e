"""A recording of plain Locust as a run with one trial."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from authlab.checkers.guards import trial_reasons
from authlab.lab.trials import summary_of
from authlab.model.run import Run, RunStatus, Trial
from authlab.stats.latency import with_latencies
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames
from authlab.store.recording import Clock, Recording, read_recording

_BLOCK_NS = 1_000_000_000
_WARMUP_NS = 2_000_000_000
"""Seconds at the start of a recording that are warm-up: log-ins and cold connections."""


def run_of_recording(folder: Path) -> tuple[Run, dict[str, TrialFrames]]:
    """The recording in `folder` as a run and its trial's tables.

    Its mode is the one that was named when it was made, or else the name of its scenario. It has no resources. The
    number of workers is the named one, or else the number of workers that answered. Its blocks are seconds, because
    intervals need blocks. Raises `Damaged` if the folder holds no complete recording.
    """
    recording = read_recording(folder)
    meta, head = recording.metadata, recording.head
    label = head.mode or head.scenario
    frames = _frames(recording, label)
    workers = _workers(recording)
    reasons = trial_reasons(frames.samples, frames.windows, workers=workers)
    trial = Trial(
        id=f"01-{label}",
        experiment="recording",
        stage="recording",
        mode=label,
        workers=workers,
        blocks=frames.windows["block"].n_unique(),
        valid=not reasons,
        reasons=reasons,
        summary=summary_of(frames),
    )
    status: RunStatus = "finished" if head.status == "finished" else "interrupted"
    run = Run(
        id=folder.name,
        status=status,
        command=("locust", "-f", f"loadtests/{head.scenario}.py"),
        seed=head.seed or 0,
        started_at=_moment(head.clock),
        finished_at=None if head.clock_end is None else _moment(head.clock_end),
        stack="recording",
        machine=_table(meta.get("machine")),
        versions={name: str(value) for name, value in _table(meta.get("versions")).items()},
        parameters={
            "users": meta.get("users"),
            "rate_rps": meta.get("rate_rps"),
            **_table(meta.get("parameters")),
            "scenario": head.scenario,
            "host": head.host,
            "mode": head.mode,
        },
        trials=(trial,),
    )
    return run, {trial.id: frames}


def _table(value: Any) -> dict[str, Any]:
    """A table of recording.json; empty if it has none."""
    return value if isinstance(value, dict) else {}


def _workers(recording: Recording) -> int:
    """The number of workers: the named one, or else those that answered (fewer, if some got no request)."""
    named = recording.metadata.get("workers_behind")
    if isinstance(named, int) and named > 0:
        return named
    return recording.samples.filter(pl.col("worker") != "")["worker"].n_unique()


def _frames(recording: Recording, label: str) -> TrialFrames:
    samples = with_latencies(recording.samples)
    first = int(samples["sent_ns"].min() or 0)  # type: ignore[arg-type]
    seconds = (pl.col("due_ns") - first) // _BLOCK_NS
    marked = samples.with_columns(
        pl.lit(label).alias("label"),
        seconds.clip(lower_bound=0).alias("block"),
        (pl.col("sent_ns") < first + _WARMUP_NS).alias("warmup"),
    ).select(list(SAMPLES_SCHEMA))
    counted = recording.windows
    windows = (
        marked.group_by("block")
        .agg(pl.len().alias("arrivals"))
        .sort("block")
        .with_columns(
            pl.col("block").alias("index"),
            pl.lit(label).alias("label"),
            (first + pl.col("block") * _BLOCK_NS).alias("start_ns"),
            (first + (pl.col("block") + 1) * _BLOCK_NS).alias("end_ns"),
        )
        .with_columns(
            pl.max_horizontal("start_ns", pl.lit(first + _WARMUP_NS)).alias("warm_end_ns"),
            pl.lit(0).alias("unserved"),
            pl.lit(0).alias("generator_cpu_ns"),
        )
    )
    if not windows.is_empty() and not counted.is_empty():
        # The recorder counts both for the whole recording: CPU is spread over all seconds, unserved go to the last one.
        last = pl.int_range(pl.len()) == pl.len() - 1
        windows = windows.with_columns(
            pl.when(last).then(int(counted["unserved"].sum())).otherwise(0).alias("unserved"),
            pl.lit(int(counted["cpu_ns"].sum()) // windows.height).alias("generator_cpu_ns"),
        )
    return TrialFrames(
        marked.cast(pl.Schema(SAMPLES_SCHEMA)),
        windows.select(list(WINDOWS_SCHEMA)).cast(pl.Schema(WINDOWS_SCHEMA)),
        pl.DataFrame(schema=pl.Schema(RESOURCES_SCHEMA)),
    )


def _moment(clock: Clock) -> str:
    return datetime.fromtimestamp(clock.unix_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
