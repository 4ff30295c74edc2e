"""Makes a run's report from its folder, at once or a year later on another machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from authlab.host.chart_script import begin
from authlab.lab.folders import is_recording
from authlab.lab.judge import judge_run
from authlab.lab.lock import is_running
from authlab.lab.recordings import run_of_recording
from authlab.lab.stored import Stored, load
from authlab.model.errors import Damaged, Unavailable, all_of
from authlab.model.run import Run
from authlab.report import (
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
from authlab.store.frames import TrialFrames
from authlab.store.runs import RunFolder


def load_any(folder: Path, *, judge: bool = True) -> Stored:
    """A stored run, judged again unless `judge` is false, or a recording as a run.

    A run whose lab was killed says `running`; it comes back as `interrupted`, with the data of its raw files.
    Raises `Damaged` for any other folder.
    """
    if is_recording(folder):
        run, frames = run_of_recording(folder)
        return Stored(run, frames, {})
    store = RunFolder(folder)
    run = store.read_run()
    if run.status == "running" and not is_running(folder):
        run = replace(run, status="interrupted", failure="authlab was killed; this is the content of its files")
    stored = load(store, run)
    return replace(stored, run=judge_run(stored, store)) if judge else stored


def write_reports(folder: Path, *, judge: bool = True) -> tuple[Path, list[str]]:
    """Write report.json, report.html and report.md of the run in `folder`. Gives the HTML's path, and a summary.

    `judge`: judge the run again first. A run that was judged just now does not need it.
    """
    begin()
    stored = load_any(folder, judge=judge)
    report = build_report(stored.run, stored.frames, stored.histories)
    store = RunFolder(folder)
    store.write_report("report.json", report_json(report))
    store.write_report("report.md", render_markdown(report))
    return store.write_report("report.html", render_html(report)), summary_lines(report)


@dataclass(frozen=True)
class Compared:
    """A comparison's page, its summary in a few lines, and the verdicts that occur in it."""

    page: Path
    summary: tuple[str, ...]
    verdicts: frozenset[str]


def _load_all(folders: Sequence[Path]) -> list[tuple[Run, Mapping[str, TrialFrames]]]:
    """Run and tables of each folder. Raises one `Damaged` for all that can't be read."""
    stored = all_of((partial(load_any, folder) for folder in folders), Damaged)
    return [(one.run, one.frames) for one in stored]


def compare_folders(folders: Sequence[Path], out: Path, margins: Margins, junit: Path | None = None) -> Compared:
    """Write the comparison of several runs into `out` as JSON, Markdown and HTML, and as XML into `junit`.

    Raises `UsageProblem`, which names the difference, if the runs can't be compared. Then nothing is written.
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
    """Make `folder` and those above it. Raises `Unavailable` if that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"cannot make the folder {folder}: {error.strerror}. Choose another folder.") from error
