"""The message about a program that ended: name, exit status, last lines, path of the full log."""

from __future__ import annotations

import signal
from pathlib import Path

_LAST_LINES = 8
_TAIL_BYTES = 8192


def tail(log: Path, start: int = 0, *, lines: int = _LAST_LINES) -> list[str]:
    """The last non-empty lines of a log after byte `start`. None if it can't be read."""
    try:
        with log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(start, end - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]


def how_it_ended(status: int) -> str:
    """ "exited with status 3", "was killed by SIGKILL"."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def last_words(log: Path, start: int = 0) -> str:
    """The last lines of a log, indented, and its path."""
    lines = tail(log, start)
    said = "Its last lines:\n" + "\n".join(f"    {line}" for line in lines) if lines else "It wrote nothing."
    return f"{said}\n  Full log: {log}"


def obituary(name: str, status: int | None, log: Path, start: int = 0) -> str:
    """A complete diagnosis of a program that ended (or, with status None, still runs)."""
    fate = "is running" if status is None else how_it_ended(status)
    return f"{name} {fate}. {last_words(log, start)}"
