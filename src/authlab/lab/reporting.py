"""From a run's folder to its report, now or a year later on another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from authlab.host.chart_script import begin
from authlab.lab.browsing.trials import judged_so_far
from authlab.lab.collecting import collect, has_raw
from authlab.lab.judging import judge_again
from authlab.lab.reading import is_recording, is_running
from authlab.lab.recordings import run_of_recording
from authlab.model.errors import Damaged, Unavailable, all_of
from authlab.model.history import TrialHistory
from authlab.model.run import Run
from authlab.report import (
    SAMPLE_COLUMNS,
    build_report,
    compare_runs,
    comparison_json,
    render_comparison_html,
    render_comparison_junit,
    render_comparison_markdown,
    render_html,
    render_junit,
    render_markdown,
    report_json,
    summary_lines,
)
from authlab.report.compare.margins import Margins
from authlab.store.atomic import write_text
from authlab.store.frames import SAMPLES_SCHEMA, TrialFrames
from authlab.store.history import read_trial_history
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
    # What has its verdicts is only shown, and that takes fewer columns than judging.
    done = all(result.verdict for result in run.experiments) and all(trial.summary for trial in run.trials)
    columns = SAMPLE_COLUMNS if done else tuple(SAMPLES_SCHEMA)
    frames = {}
    for trial in run.trials:
        place = folder / "trials" / trial.id
        frames[trial.id] = collect(place) if has_raw(place) else store.read_frames(trial.id, columns)
    return judge_again(judged_so_far(run, store), frames), frames


def histories_of(run: Run, folder: Path) -> dict[str, TrialHistory]:
    """What was done to the run's trials, and what it did, by the trial's id. Raises `Damaged`."""
    found = {trial.id: read_trial_history(folder / "trials" / trial.id) for trial in run.trials}
    return {trial: history for trial, history in found.items() if history is not None}


def write_reports(folder: Path) -> tuple[Path, list[str]]:
    """Write report.json, report.html and report.md of the run in `folder`; the HTML's path, and a summary."""
    begin()
    run, frames = load_any(folder)
    report = build_report(run, frames, histories_of(run, folder))
    store = RunFolder(folder)
    store.write_report("report.json", report_json(report))
    store.write_report("report.md", render_markdown(report))
    return store.write_report("report.html", render_html(report)), summary_lines(report)


@dataclass(frozen=True)
class Compared:
    """Where a comparison's page is, what it came to in a few lines, and the verdicts that occur in it."""

    page: Path
    summary: tuple[str, ...]
    verdicts: frozenset[str]


def _load_all(folders: Sequence[Path]) -> list[tuple[Run, dict[str, TrialFrames]]]:
    """`load_any` of each; raises one `Damaged` for all that can't be read."""
    return all_of((partial(load_any, folder) for folder in folders), Damaged)


def compare_folders(folders: Sequence[Path], out: Path, margins: Margins, junit: Path | None = None) -> Compared:
    """Write the comparison of several runs into `out` as JSON, Markdown and HTML, and as XML into `junit`.

    Raises `UsageProblem` where the runs can't be compared, naming the difference: then nothing is written.
    """
    comparison = compare_runs(_load_all(folders), margins)
    _make_folder(out)
    store = RunFolder(out)
    store.write_report("compare.json", comparison_json(comparison))
    store.write_report("compare.md", render_comparison_markdown(comparison))
    page = store.write_report("compare.html", render_comparison_html(comparison))
    if junit:
        _write_junit(junit, render_comparison_junit(comparison))
    found = frozenset(value for value, count in comparison.verdict.counts.items() if count)
    return Compared(page, tuple(summary_lines(comparison)), found)


def write_junit(folder: Path, file: Path) -> None:
    """Write the verdicts of the run in `folder` to `file` as JUnit XML."""
    _write_junit(file, render_junit(build_report(RunFolder(folder).read_run(), {})))


def _write_junit(file: Path, text: str) -> None:
    _make_folder(file.parent)
    write_text(file, text)


def _make_folder(folder: Path) -> None:
    """Make `folder` and those above it. Raises `Unavailable` where that can't be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"cannot make the folder {folder}: {error.strerror}. Choose another one.") from error
