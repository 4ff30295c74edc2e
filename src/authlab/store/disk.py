"""Whether the disk has room for what a run will write."""

from __future__ import annotations

import shutil
from pathlib import Path

from authlab.model.errors import Unavailable

BYTES_PER_REQUEST = 600
"""Recording, parquet and access log of one request, rounded up."""

SPARE_BYTES = 200 * 1024**2


def check_room(results: Path, requests: int) -> None:
    """Raise `Unavailable` unless the disk of `results` can take `requests` and stay usable."""
    place = results
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    needed = requests * BYTES_PER_REQUEST + SPARE_BYTES
    if free < needed:
        raise Unavailable(
            f"the disk of {place} has {free // 1024**2} MiB free, this run wants {needed // 1024**2}. "
            "Remove old runs with: authlab clean, or choose another disk with --results DIR."
        )
