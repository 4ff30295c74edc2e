"""The lock of a run's folder: it shows that a living process writes there."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".lock"


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Lock `folder` for as long as the context, or this process, lasts."""
    with (folder / _LOCK).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)


def is_running(folder: Path) -> bool:
    """Whether a living process writes to `folder`. A lock, unlike a stored status, ends with its process."""
    try:
        with (folder / _LOCK).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    except FileNotFoundError:
        return False
    return False
