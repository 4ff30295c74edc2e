"""How long a run of a million requests takes to become a report, and how much memory.

    python tests/bench/report_speed.py [--requests 1000000] [--repeats 5]

Aim: less than 5 s and 1 GB for the whole command `authlab report`, from the start of Python to the written HTML,
Markdown and JSON; less than 15 s and 3 GB for ten million requests (`--requests 10000000 --repeats 2`). The run is made
up, but as the lab stores it: six labels in one-second slices at the default 300 requests/s (so a million requests are
about 550 blocks), every request with an id and a cart of its own, tables as parquet on disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from aims import Aim, main_of, seconds_aim

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.unit.report.made_run import made_frames, made_run, trials_of

from authlab.lab.trials import summary_of
from authlab.store.frames import TrialFrames
from authlab.store.runs import RunFolder

AIM_S, AIM_GB = 5.0, 1.0
MANY, MANY_S, MANY_GB = 5_000_000, 15.0, 3.0
"""From so many requests on, the aims are those of ten million."""

LABELS = 6
PER_SLICE = 300
_STAGES = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from authlab.host.chart_script import begin
begin()
from authlab.lab import reporting
loaded = time.perf_counter()
stored = reporting.load_any(Path(sys.argv[1]))
read = time.perf_counter()
report = reporting.build_report(stored.run, stored.frames)
plain = reporting.report_json(report)
built = time.perf_counter()
pages = reporting.render_markdown(report), reporting.render_html(report)
print(loaded - began, read - loaded, built - read, time.perf_counter() - built)
"""


def make_run(folder: Path, requests: int) -> int:
    """Store a made-up run of about so many requests in `folder`; their exact number."""
    blocks = max(1, round(requests / LABELS / PER_SLICE))
    frames = {name: _lifelike(held, place) for place, (name, held) in enumerate(made_frames(blocks=blocks).items())}
    trials = tuple(replace(trial, summary=summary_of(frames[trial.id])) for trial in trials_of(frames))
    store = RunFolder(folder)
    store.write_run(made_run(frames, trials=trials))
    for name, held in frames.items():
        store.write_frames(name, held)
    return sum(held.samples.height for held in frames.values())


def _lifelike(held: TrialFrames, seed: int) -> TrialFrames:
    """Request ids and carts that differ from row to row, as real ones do: what does not repeat is slow to read."""
    n = held.samples.height
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 60, (3, n))
    samples = held.samples.with_columns(
        request_id=pl.Series([f"{number:016x}" for number in rng.integers(0, 2**62, n)]),
        cart=pl.when(pl.col("op") == "me")
        .then(pl.lit(""))
        .otherwise(pl.format("i1*{} i4*{} i7*{}", *(pl.Series(f"n{k}", row) for k, row in enumerate(counts)))),
    )
    return replace(held, samples=samples)


def time_command(folder: Path) -> tuple[float, float]:
    """Seconds that `authlab report` takes, and the most memory that it held, in GB."""
    began = time.monotonic()
    command = [sys.executable, "-m", "authlab", "report", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    unit = 1 if sys.platform == "darwin" else 1024
    return time.monotonic() - began, used.ru_maxrss * unit / 1e9


def time_stages(folder: Path) -> list[float]:
    """Seconds for loading the code, reading the run, computing the report, drawing it as HTML and Markdown."""
    done = subprocess.run(
        [sys.executable, "-c", _STAGES, str(folder)], stdout=subprocess.PIPE, text=True, timeout=120, check=True
    )
    return [float(part) for part in done.stdout.split()]


def run(requests: int = 1_000_000, repeats: int = 5) -> list[Aim]:
    """Measure, show where the time goes, and return the aim."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        folder.mkdir()
        made = make_run(folder, requests)
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        taken = [time_command(folder) for _ in range(repeats)]
        stages = np.median([time_stages(folder) for _ in range(repeats)], axis=0)
        page = (folder / "report.html").stat().st_size
    print(f"{made:,} requests in {size / 1e6:.0f} MB of parquet; report.html {page / 1e6:.1f} MB")
    words = ("loading code", "reading the run", "computing", "drawing")
    print("; ".join(f"{word} {seconds:.2f} s" for word, seconds in zip(words, stages, strict=True)))
    aim_s, aim_gb = (MANY_S, MANY_GB) if made >= MANY else (AIM_S, AIM_GB)
    name = f"authlab report, {made / 1e6:.1f} million requests"
    held = max(memory for _, memory in taken)
    return [
        seconds_aim(name, aim_s, [seconds for seconds, _ in taken]),
        Aim(f"{name}, GB of memory", aim_gb, held, held, held, at_most=True, form="{:.2f}"),
    ]


if __name__ == "__main__":
    sys.exit(main_of(run, __doc__, "Aim: from a run to its report"))
