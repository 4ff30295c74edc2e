"""`authlab doctor`: what this machine can and cannot do, with remedies."""

from __future__ import annotations

from pathlib import Path

import click

from authlab.cli.values import results_option
from authlab.model.errors import EXIT_OK, EXIT_UNAVAILABLE

_SIGNS = {"good": "ok  ", "poor": "poor", "missing": "no  "}


@click.command()
@results_option
def doctor(results: Path) -> int:
    """Check what the lab needs, and how to fix what is missing. Exit with 69 if a run is not possible."""
    from authlab.lab.diagnosis import diagnose

    findings = diagnose(results)
    for finding in findings:
        click.echo(f"{_SIGNS[finding.state]}  {finding.subject}: {finding.text}")
        if finding.remedy:
            click.echo(f"      remedy: {finding.remedy}")
    return EXIT_UNAVAILABLE if any(f.state == "missing" and f.needed for f in findings) else EXIT_OK
