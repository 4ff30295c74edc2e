"""From a run's folder to its report, now or a year later on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from authlab.lab.collecting import collect, has_raw
from authlab.lab.judging import judge_again
from authlab.lab.reading import is_recording, is_running
from authlab.lab.recordings import run_of_recording
from authlab.model.run import Run
from authlab.report import (
    build_report,
    compare_runs,
    render_comparison_html,
    render_comparison_markdown,
    render_html,
    render_markdown,
    summary_lines,
)
from authlab.store.frames import TrialFrames
from authlab.store.runs import RunFolder


def load_any(folder: Path) -> tuple[Run, dict[str, TrialFrames]]:
    """A stored run, or a recording as a run, with the tables of each trial.

    A run whose lab was killed says `running`; it comes back as `interrupted`, with what its raw files hold.
    Raises `Damaged` for a folder that is neither.
    """
    if is_recording(folder):
        return run_of_recording(folder)
    store = RunFolder(folder)
    run = store.read_run()
    if run.status == "running" and not is_running(folder):
        run = replace(run, status="interrupted", failure="authlab was killed; this is what its files hold")
    frames = {}
    for trial in run.trials:
        place = folder / "trials" / trial.id
        frames[trial.id] = collect(place) if has_raw(place) else store.read_frames(trial.id)
    return judge_again(run, frames), frames


def write_reports(folder: Path) -> tuple[Path, list[str]]:
    """Write report.json, report.html and report.md of the run in `folder`; the HTML's path, and a summary."""
    run, frames = load_any(folder)
    report = build_report(run, frames)
    store = RunFolder(folder)
    store.write_report("report.json", report)
    store.write_report("report.md", render_markdown(report))
    return store.write_report("report.html", render_html(report)), summary_lines(report)


def compare_folders(folders: Sequence[Path], out: Path) -> tuple[Path, list[str]]:
    """Write the comparison of several runs into `out`; the HTML's path, and a summary.

    Raises `UsageProblem` where the runs can't be compared, naming the difference.
    """
    comparison = compare_runs([load_any(folder) for folder in folders])
    out.mkdir(parents=True, exist_ok=True)
    store = RunFolder(out)
    store.write_report("compare.json", comparison)
    store.write_report("compare.md", render_comparison_markdown(comparison))
    return store.write_report("compare.html", render_comparison_html(comparison)), summary_lines(comparison)
