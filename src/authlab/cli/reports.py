"""`authlab report` and `authlab compare`: they report stored runs again, and compare them with each other."""

from __future__ import annotations

import os
from pathlib import Path

import click

from authlab.cli.ci import check_junit, exit_code, junit_option, verdict_words
from authlab.cli.values import Problems, option, results_option

_MARGIN_HELP = "Changes in times and CPU smaller than this count as no change."
_SHARE_HELP = "The same for shares of failed requests (0.02 is 2 points)."
_COMPARE_EPILOG = """\b
Each quantity of each mode gets a verdict (less is better in all of them):
  same          the whole 95 % interval lies within the margin
  worse, better the whole interval lies outside
  inconclusive  everything else; a trial in doubt; a quantity that the circumstances do not allow to compare
Absolute times count only if there is no ratio to `none`, because they also change with the machine.

\b
Exit codes with --fail-on:
    1  something is worse            (--fail-on worse)
    2  something is inconclusive     (--fail-on inconclusive), and no worse result sets code 1
Without --fail-on the code is 0, because a difference is a finding. 64: these runs can't be compared.
"""


@click.command()
@click.argument("run", default="latest")
@results_option
def report(run: str, results: Path) -> int:
    """Judge RUN again and write its report: a path, an id, or `latest`. A recording of plain Locust counts as a run."""
    from authlab.host.chart_script import begin
    from authlab.store.runs import find_run

    folder = find_run(run, results)
    begin()  # during the imports, which take a second
    from authlab.lab.reporting import write_reports

    written, lines = write_reports(folder)
    for line in lines:
        click.echo(line)
    click.echo(f"report: {os.path.relpath(written)}")
    return 0


@click.command(epilog=_COMPARE_EPILOG)
@click.argument("runs", nargs=-1, metavar="RUN RUN…", required=True)
@option(
    "--margin",
    type=float,
    default=0.1,
    show_default=True,
    help=_MARGIN_HELP,
)
@option(
    "--share-margin",
    type=float,
    default=0.02,
    show_default=True,
    help=_SHARE_HELP,
)
@option("--fail-on", metavar="VERDICT[,VERDICT]", default="", help="Exit 1 if worse, 2 if inconclusive.")
@junit_option
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the comparison.  [default: RESULTS/comparison]"
)
@results_option
def compare(
    runs: tuple[str, ...],
    margin: float,
    share_margin: float,
    fail_on: str,
    junit: Path | None,
    out: Path | None,
    results: Path,
) -> int:
    """Compare two or more runs (or recordings) with the first.

    The comparison shows circumstances first, then effects.
    """
    from authlab.lab.reporting import compare_folders
    from authlab.report.compare.margins import Margins
    from authlab.store.runs import find_runs

    problems = Problems()
    folders: list[Path] = []
    with problems.collecting():
        folders = find_runs(runs, results)
    if len(runs) < 2:
        problems.add("compare needs at least two runs; `authlab list` shows those that are stored")
    for value, name in ((margin, "--margin"), (share_margin, "--share-margin")):
        if not 0 < value < 1:
            problems.add(f"{name} must be between 0 and 1 (0.1 is 10 %), not {value:g}")
    wanted = verdict_words(fail_on, ("worse", "inconclusive"), problems)
    check_junit(junit, problems)
    problems.raise_if_any()
    done = compare_folders(folders, out or results / "comparison", Margins(margin, share_margin), junit)
    for line in done.summary:
        click.echo(line)
    click.echo(f"comparison: {os.path.relpath(done.page)}")
    return exit_code(done.verdicts, wanted, failed="worse")
