"""Folders of stored runs and recordings: their kind, and a description in one line."""

from __future__ import annotations

from pathlib import Path

from authlab.lab.lock import is_running
from authlab.model.errors import LabError
from authlab.store.runs import RunFolder, read_object


def is_recording(folder: Path) -> bool:
    """Whether `folder` is a recording of plain Locust."""
    return (folder / "recording.json").exists() and not (folder / "run.json").exists()


def is_ours(folder: Path) -> bool:
    """Whether `folder` is a run or a recording of this lab."""
    return (folder / "run.json").exists() or (folder / "recording.json").exists()


def describe(folder: Path) -> str:
    """One line about a stored run, whatever its state."""
    try:
        if is_recording(folder):
            body = read_object(folder / "recording.json", "a recording")
            return f"recording of {body.get('scenario', '?')}, {body.get('status', '?')}"
        run = RunFolder(folder).read_run()
    except LabError as error:
        return f"unreadable: {error}"
    if run.status == "running" and not is_running(folder):
        return "authlab was killed; authlab report shows what it measured"
    verdicts = ", ".join(f"{e.id} {e.verdict.value}" for e in run.experiments if e.verdict)
    return f"{run.status}: {verdicts or 'no verdict'}"
