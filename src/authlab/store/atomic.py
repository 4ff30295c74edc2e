"""Files that are either complete or not there: they are written beside their place and moved into it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from authlab.model.errors import FULL, Unavailable


def _into_place(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then move it there. Raises `Unavailable` if the disk is full or
    permissions are missing; `path` is then unchanged.
    """
    try:
        _by_way_of_a_draft(path, write)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: Exception) -> Unavailable:
    number = error.errno if isinstance(error, OSError) else None
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
    full = number in FULL or "No space left" in why  # Polars does not always pass the number on
    if full:
        remedy = "Remove old runs with: authlab clean, or choose another disk with --results DIR."
    else:
        remedy = "Check that its folder exists and that you may write there, or copy the run to another folder."
    return Unavailable(f"cannot write {path}: {why}. {remedy}")


def _by_way_of_a_draft(path: Path, write: Callable[[Path], None]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        write(beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        # mkstemp makes files private, but everybody who may read the folder may read a run's files.
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, completely or not at all."""

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8")

    _into_place(path, write)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON. Raises ValueError for NaN and infinity, which JSON doesn't have."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as zstd-compressed parquet."""
    _into_place(path, lambda beside: frame.write_parquet(beside, compression="zstd"))


def point_latest(link: Path, target: Path) -> None:
    """Make the symbolic link `link` point to `target` (relative), and replace an older link."""
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(os.path.relpath(target, link.parent))
    beside.replace(link)
