"""From what a trial left on disk (plan, recording, resources) to its three tables. Works after a crash too."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from msgspec import Struct, to_builtins

from authlab.lab.sampling import RESOURCES_FILE, read_resources
from authlab.model.windows import Slice
from authlab.stats.latency import with_latencies
from authlab.store.atomic import write_json
from authlab.store.frames import SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames
from authlab.store.recording import read_recording
from authlab.store.runs import read_object
from authlab.store.typed import typed

SLICES_FILE = "slices.json"
RECORDING = "recording"


class _Slices(Struct, frozen=True):
    origin_ns: int
    slices: tuple[Slice, ...]


def write_slices(folder: Path, slices: Sequence[Slice], origin_ns: int) -> None:
    """Keep a trial's slices and the moment (CLOCK_MONOTONIC) that their times count from."""
    write_json(folder / SLICES_FILE, to_builtins(_Slices(origin_ns, tuple(slices))))


def collect(folder: Path) -> TrialFrames:
    """The tables of the trial in `folder`, from its raw files. Slices that never began are left out.

    Raises `Damaged` where the raw files aren't whole enough to be read.
    """
    planned = typed(read_object(folder / SLICES_FILE, "a trial"), _Slices, folder / SLICES_FILE)
    recording = read_recording(folder / RECORDING)
    windows = _windows(planned.slices, planned.origin_ns, recording.windows)
    return TrialFrames(_samples(recording.samples, windows), windows, read_resources(folder / RESOURCES_FILE))


def discard_raw(folder: Path) -> None:
    """Remove the raw files once the tables are written."""
    shutil.rmtree(folder / RECORDING, ignore_errors=True)
    for name in (SLICES_FILE, RESOURCES_FILE):
        (folder / name).unlink(missing_ok=True)


def has_raw(folder: Path) -> bool:
    """Whether the trial was cut off before its tables were written."""
    return (folder / SLICES_FILE).exists() and (folder / RECORDING).is_dir()


def _windows(slices: Sequence[Slice], origin_ns: int, recorded: pl.DataFrame) -> pl.DataFrame:
    planned = pl.DataFrame(
        [
            {
                "index": part.index,
                "block": part.block,
                "label": part.label,
                "start_ns": origin_ns + round(part.start_s * 1e9),
                "warm_end_ns": origin_ns + round((part.start_s + part.warmup_s) * 1e9),
                "end_ns": origin_ns + round(part.end_s * 1e9),
            }
            for part in slices
        ],
        schema={
            name: kind
            for name, kind in WINDOWS_SCHEMA.items()
            if name not in ("arrivals", "unserved", "generator_cpu_ns")
        },
    )
    counted = recorded.group_by("window").agg(
        pl.col("arrivals").sum(), pl.col("unserved").sum(), pl.col("cpu_ns").sum().alias("generator_cpu_ns")
    )
    # An inner join: a slice that no generator closed was not served whole, and would spoil its block.
    return planned.join(counted, left_on="index", right_on="window").select(list(WINDOWS_SCHEMA)).sort("index")


def _samples(recorded: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    slices = windows.select("index", "label", "block", "warm_end_ns")
    joined = with_latencies(recorded).join(slices, left_on="window", right_on="index", how="left")
    outside = pl.col("warm_end_ns").is_null()
    return (
        joined.filter((pl.col("window") < 0) | ~outside)
        .with_columns(
            (outside | (pl.col("due_ns") < pl.col("warm_end_ns"))).alias("warmup"),
            pl.col("block").fill_null(-1),
            pl.col("label").fill_null(""),
        )
        .select(list(SAMPLES_SCHEMA))
        .sort("sent_ns")
    )
