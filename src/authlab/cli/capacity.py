"""Whether the requested number of workers fits into this machine's memory."""

from __future__ import annotations

WORKER_BYTES = 60 * 1024**2
"""Resident memory of one gunicorn instance with the service, rounded up."""


def too_many(workers: int) -> str | None:
    """The problem with so many `workers` at the same time; None if the free memory is enough."""
    import psutil

    room = psutil.virtual_memory().available
    if workers * WORKER_BYTES <= room:
        return None
    return (
        f"{workers} workers at once need about {workers * WORKER_BYTES // 1024**2} MiB of memory, "
        f"and {room // 1024**2} MiB are free"
    )
