"""What CI needs from a call: an exit code that reports a verdict, and verdicts as JUnit XML."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from authlab.cli.values import Problems
from authlab.model.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REFUTED

junit_option = click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the verdicts as JUnit XML: refuted is a failure, inconclusive is skipped.",
)


def verdict_words(text: str, known: Sequence[str], problems: Problems) -> set[str]:
    """The verdicts named by --fail-on. A word that is not among `known` is added to `problems`."""
    words = {word.strip() for word in text.split(",")} - {""}
    if unknown := sorted(words - set(known)):
        problems.add(f"--fail-on takes: {', '.join(known)}; not {', '.join(map(repr, unknown))}")
    return words


def exit_code(verdicts: Collection[str], wanted: Collection[str], failed: str) -> int:
    """1 if the verdict `failed` is `wanted` and occurs, else 2 if `inconclusive` is wanted and occurs, else 0."""
    found = set(verdicts) & set(wanted)
    if failed in found:
        return EXIT_REFUTED
    return EXIT_INCONCLUSIVE if "inconclusive" in found else EXIT_OK


def check_junit(file: Path | None, problems: Problems) -> None:
    """Add a problem if `file` can't be written. The user hears of it before the measurement, not after it."""
    if file is None:
        return
    from authlab.store.disk import nearest_existing

    parent = nearest_existing(file.absolute().parent)
    if file.is_dir():
        problems.add(f"--junit {file} is a folder; give a file in it")
    elif not parent.is_dir():
        problems.add(f"--junit {file} can't be written: {parent} is not a folder")
    elif not os.access(parent, os.W_OK | os.X_OK):
        problems.add(f"--junit {file} can't be written: no permission for {parent}")
