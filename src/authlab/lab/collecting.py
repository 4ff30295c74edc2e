"""Makes a trial's three tables from its raw files (slices, recording, resources). This also works after a crash."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from msgspec import Struct, to_builtins

from authlab.lab.sampling import RESOURCES_FILE, read_resources
from authlab.model.plan import Plan
from authlab.model.windows import Slice
from authlab.stats.latency import with_latencies
from authlab.store.atomic import write_json
from authlab.store.frames import SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames
from authlab.store.recording import read_recording
from authlab.store.runs import RunFolder, read_object
from authlab.store.typed import typed

SLICES_FILE = "slices.json"
RECORDING = "recording"


class _Slices(Struct, frozen=True):
    origin_ns: int
    slices: tuple[Slice, ...]


def write_slices(folder: Path, slices: Sequence[Slice], origin_ns: int) -> None:
    """Write a trial's slices, and the moment (CLOCK_MONOTONIC) from which their times count."""
    write_json(folder / SLICES_FILE, to_builtins(_Slices(origin_ns, tuple(slices))))


def collected(store: RunFolder, folder: Path, plan: Plan, stopped_ns: int) -> TrialFrames | None:
    """Make the trial's tables, add the raw files to them, write them, and remove the raw files.

    `stopped_ns` is when the load was stopped. The result is None if there are no raw files.
    """
    if not has_raw(folder):
        return None
    tables = tables_of(store, folder.name, plan, stopped_ns)
    store.write_frames(folder.name, tables)
    discard_raw(folder)
    return tables


def tables_of(
    store: RunFolder,
    trial_id: str,
    plan: Plan | None,
    stopped_ns: int = 0,
    columns: Sequence[str] = tuple(SAMPLES_SCHEMA),
) -> TrialFrames:
    """The tables of a trial: those that were written, and the rows of raw files that a killed lab left beside them.

    Without raw files, only these `columns` of the samples are read. Raises `Damaged` if a file is too incomplete
    to be read.
    """
    folder = store.path / "trials" / trial_id
    if not has_raw(folder):
        return store.read_frames(trial_id, columns)
    written = store.read_frames(trial_id)
    raw = _collect(folder, plan is not None and plan.side_by_side, stopped_ns)
    return TrialFrames(
        samples=_added(written.samples, raw.samples, "window"),
        windows=_added(written.windows, raw.windows, "index"),
        resources=_added(written.resources, raw.resources, "index"),
    )


def _added(written: pl.DataFrame, raw: pl.DataFrame, slices: str) -> pl.DataFrame:
    """Both tables as one, or `written` alone if it already has the rows of `raw`.

    The latter happens if the lab was killed after it wrote the table and before it removed the raw files. Tables are
    written one after the other, and each is therefore checked by itself. `slices` is the column of slices' numbers.
    """
    there = raw.filter(pl.col(slices) >= 0)[slices].is_in(written[slices].to_list()).any()
    return written if there else pl.concat([written, raw])


def _collect(folder: Path, open_ended: bool, stopped_ns: int) -> TrialFrames:
    """The tables of the raw files. A slice that was not served to its end is left out.

    An `open_ended` slice was planned longer than its load, and ended when the load was stopped.
    """
    planned = typed(read_object(folder / SLICES_FILE, "a trial"), _Slices, folder / SLICES_FILE)
    recording = read_recording(folder / RECORDING)
    windows = _windows(planned.slices, planned.origin_ns, recording.windows, open_ended)
    if open_ended:
        last_ns = recording.samples["done_ns"].max()
        ended_ns = stopped_ns or (last_ns if isinstance(last_ns, int) else 0)
        windows = windows.filter(pl.col("start_ns") <= ended_ns)
        windows = windows.with_columns(pl.min_horizontal("end_ns", pl.lit(ended_ns)).alias("end_ns"))
    return TrialFrames(_samples(recording.samples, windows), windows, read_resources(folder / RESOURCES_FILE))


def discard_raw(folder: Path) -> None:
    """Remove the raw files once the tables are written."""
    shutil.rmtree(folder / RECORDING, ignore_errors=True)
    for name in (SLICES_FILE, RESOURCES_FILE):
        (folder / name).unlink(missing_ok=True)


def has_raw(folder: Path) -> bool:
    """Whether the trial was interrupted before its tables were written."""
    return (folder / SLICES_FILE).exists() and (folder / RECORDING).is_dir()


def _windows(slices: Sequence[Slice], origin_ns: int, recorded: pl.DataFrame, open_ended: bool) -> pl.DataFrame:
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
    # A slice that no generator closed is incomplete and would spoil its block: an inner join leaves it out.
    joined = planned.join(counted, left_on="index", right_on="window", how="left" if open_ended else "inner")
    return joined.with_columns(pl.col(counted.columns[1:]).fill_null(0)).select(list(WINDOWS_SCHEMA)).sort("index")


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
