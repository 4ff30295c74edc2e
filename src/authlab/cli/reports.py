"""`authlab report` and `authlab compare`: stored runs shown again, and held against each other."""

from __future__ import annotations

import os
from pathlib import Path

import click

from authlab.cli.values import results_option


@click.command()
@click.argument("run", default="latest")
@results_option
def report(run: str, results: Path) -> int:
    """Write the report of RUN again: a path, an id, or `latest`. A recording of plain Locust is a run, too."""
    from authlab.lab.reporting import write_reports
    from authlab.store.runs import find_run

    written, lines = write_reports(find_run(run, results))
    for line in lines:
        click.echo(line)
    click.echo(f"report: {os.path.relpath(written)}")
    return 0


@click.command()
@click.argument("runs", nargs=-1, metavar="RUN RUN…", required=True)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the comparison.  [default: RESULTS/comparison]"
)
@results_option
def compare(runs: tuple[str, ...], out: Path | None, results: Path) -> int:
    """Hold two or more runs (or recordings) against each other: circumstances first, then effects."""
    from authlab.lab.reporting import compare_folders
    from authlab.model.errors import UsageProblem
    from authlab.store.runs import find_run

    if len(runs) < 2:
        raise UsageProblem("compare needs at least two runs; authlab list shows what there is")
    written, lines = compare_folders([find_run(name, results) for name in runs], out or results / "comparison")
    for line in lines:
        click.echo(line)
    click.echo(f"comparison: {os.path.relpath(written)}")
    return 0
