"""A recording: the folder that a load leaves. Schema `authlab/recording/1`.

    recording.json           what was done, with which versions, whether it was finished; the leading process writes it
    samples-HOST-PID.csv     one line per request (columns.py), a file per process
    windows-HOST-PID.csv     one line per window: arrivals, those never sent, the generator's own CPU
    ready-HOST-PID.json      written when all users of the process have logged in, or have given up

All times are nanoseconds of CLOCK_MONOTONIC; `clock` pairs them with the wall clock. The leading process is the only
one, or Locust's master. A worker that finds no recording.json (its disk is not the master's) writes one itself, so that
its part can be read alone.
"""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lab_load.machine import machine_facts

RECORDING_SCHEMA: Final = "authlab/recording/1"
WINDOW_COLUMNS: Final = ("window", "arrivals", "unserved", "cpu_ns", "opened_ns", "closed_ns")
_PROGRAMS: Final = ("locust", "gevent", "geventhttpclient")


def new_folder_name(scenario: str) -> str:
    """The default name: results/runs/<UTC time>-<scenario>, with a number after it while that name is taken."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return _untaken(Path("results", "runs", f"{stamp}-{scenario}"))


def _untaken(folder: Path) -> str:
    """`folder`, or the first of `folder-2`, `folder-3`… that holds no recording."""
    candidate, number = folder, 1
    while (candidate / "recording.json").exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return str(candidate)


def settle_folder(wanted: str | None, scenario: str) -> Path:
    """Create the folder of a new recording: the requested one, or the default one. Returns its absolute path."""
    folder = Path(_untaken(Path(wanted)) if wanted else new_folder_name(scenario)).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clock() -> dict[str, int]:
    """The two clocks, read together."""
    return {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}


def process_name() -> str:
    """HOST-PID as used in file names."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '_', socket.gethostname())}-{os.getpid()}"


def write_whole(path: Path, text: str) -> None:
    """Write beside the place and move the file there: readers see the old file or the new one, never a part."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)  # there only if the disk was full


class Head:
    """recording.json of one recording, written by the process that leads it."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self._path = folder / "recording.json"
        self._data: dict[str, Any] = {
            "schema": RECORDING_SCHEMA,
            "id": folder.name,
            "status": "running",
            **facts,
            "clock": clock(),
            "clock_end": None,
            "machine": machine_facts(),
            "versions": {"python": platform.python_version(), **{name: version(name) for name in _PROGRAMS}},
            "processes": [],
        }
        self._write()

    def finish(self, status: str) -> None:
        """`finished` or `interrupted`, with the processes that left samples."""
        files = sorted(self._path.parent.glob("samples-*.csv"))
        names = [file.stem.removeprefix("samples-") for file in files]
        self._data |= {"status": status, "clock_end": clock(), "processes": names}
        self._write()

    def _write(self) -> None:
        write_whole(self._path, json.dumps(self._data, indent=1) + "\n")
