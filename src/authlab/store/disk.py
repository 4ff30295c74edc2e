"""Whether the disk has room for what a run will write."""

from __future__ import annotations

import shutil
from pathlib import Path

from authlab.model.errors import Unavailable

BYTES_PER_REQUEST = 600
"""Recording, parquet and access log of one request, rounded up."""

SPARE_BYTES = 200 * 1024**2


def nearest_existing(folder: Path) -> Path:
    """`folder` itself, or the nearest folder above it that exists."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return place


def free_bytes(folder: Path) -> int:
    """Free space on the disk that `folder` is, or would be, on."""
    return shutil.disk_usage(nearest_existing(folder)).free


def check_room(results: Path, requests: int) -> None:
    """Raise `Unavailable` unless the disk of `results` has room for `requests` and a reserve."""
    free = free_bytes(results)
    needed = requests * BYTES_PER_REQUEST + SPARE_BYTES
    if free < needed:
        raise Unavailable(
            f"the disk of {nearest_existing(results)} has {free // 1024**2} MiB free, "
            f"and this run needs {needed // 1024**2} MiB. "
            "Remove old runs with: authlab clean, or choose another disk with --results DIR."
        )
