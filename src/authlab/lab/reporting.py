"""From a run's folder to its report, now or a year later on another machine."""

from __future__ import annotations

from pathlib import Path

from authlab.lab.collecting import collect, has_raw
from authlab.model.run import Run
from authlab.report import build_report, render_html, render_markdown
from authlab.store.frames import TrialFrames
from authlab.store.runs import RunFolder


def frames_of(folder: RunFolder, run: Run) -> dict[str, TrialFrames]:
    """The tables of each trial of `run`; those of a trial that was cut off come from its raw files."""
    found = {}
    for trial in run.trials:
        place = folder.path / "trials" / trial.id
        found[trial.id] = collect(place) if has_raw(place) else folder.read_frames(trial.id)
    return found


def write_reports(folder: RunFolder) -> Path:
    """Write report.json, report.html and report.md of the run in `folder`; returns the HTML's path."""
    run = folder.read_run()
    report = build_report(run, frames_of(folder, run))
    folder.write_report("report.json", report)
    folder.write_report("report.md", render_markdown(report))
    return folder.write_report("report.html", render_html(report))
