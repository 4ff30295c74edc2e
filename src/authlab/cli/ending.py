"""The end of a command that ran experiments: its summary, the path of its report, and its exit code."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authlab.cli.ci import exit_code
from authlab.model.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from authlab.lab.run import RunOutcome


def ended(outcome: RunOutcome, fail_on: Collection[str], junit: Path | None) -> int:
    """Print what came out, write JUnit XML if `junit` names a file, and give the exit code."""
    from authlab.lab.reporting import write_junit

    for line in outcome.summary:
        click.echo(line)
    click.echo(f"report: {os.path.relpath(outcome.report)}")
    if junit:
        write_junit(outcome.folder, junit)
    if outcome.run.status == "interrupted":
        return EXIT_INTERRUPTED
    verdicts = {result.verdict.value for result in outcome.run.experiments if result.verdict}
    return exit_code(verdicts, fail_on, failed="refuted")
