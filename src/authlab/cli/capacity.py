"""Whether as many workers as a call asks for fit into this machine's memory."""

from __future__ import annotations

WORKER_BYTES = 60 * 1024**2
"""Resident memory of one gunicorn instance with the service, rounded up."""


def too_many(workers: int) -> str | None:
    """What is wrong with `workers` at the same time, or None where the memory that is free now will do."""
    import psutil

    room = psutil.virtual_memory().available
    if workers * WORKER_BYTES <= room:
        return None
    return (
        f"{workers} workers at once need about {workers * WORKER_BYTES // 1024**2} MiB of memory, "
        f"and {room // 1024**2} MiB are free"
    )
