"""Stored runs and recordings, told apart and described."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from authlab.model.errors import LabError
from authlab.store.runs import RunFolder, read_object

_LOCK = ".lock"


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Mark `folder` as being written for as long as the context, or this process, lasts."""
    with (folder / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)


def is_running(folder: Path) -> bool:
    """Whether a living process writes to `folder`: a lock, unlike a status, ends with its process."""
    try:
        with (folder / _LOCK).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    except FileNotFoundError:
        return False
    return False


def is_recording(folder: Path) -> bool:
    """Whether `folder` is a recording that plain Locust left."""
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
        return "cut off; authlab report reads what is there"
    verdicts = ", ".join(f"{e.id} {e.verdict.value}" for e in run.experiments if e.verdict)
    return f"{run.status}: {verdicts or 'no verdict'}"
