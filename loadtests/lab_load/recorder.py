"""The recorder: one CSV line per request, kept in memory until a quiet moment, then written to the file at once.

A line costs about two microseconds: an f-string and an append to a list. Only whole lines reach the file. A killed
process therefore loses at most what it had not yet flushed, and leaves no partial line (unless the disk is full).
"""

from __future__ import annotations

import os
from pathlib import Path

from lab_load.columns import SAMPLE_COLUMNS


class Recorder:
    """Writes samples to `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: list[str] = []
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        if not os.fstat(self._fd).st_size:
            self._lines.append(",".join(SAMPLE_COLUMNS) + "\n")
            self.flush()

    def record(
        self,
        window: int,
        user: int,
        op: str,
        credential: tuple[int, int, int],  # number, issued_ns, expires_ns
        due_ns: int,
        ready_ns: int,
        sent_ns: int,
        done_ns: int,
        status: int,
        worker: str,
        outcome: str,
        reason: str,
        request_id: str,
        item: str,
        cart: str,
    ) -> None:
        """Record one request. Texts must be plain: no comma, quote or line end (outcome.plain ensures that)."""
        number, issued_ns, expires_ns = credential
        self._lines.append(
            f"{window},{user},{op},{number},{issued_ns},{expires_ns},{due_ns},{ready_ns},{sent_ns},{done_ns},"
            f"{status},{worker},{outcome},{reason},{request_id},{item},{cart}\n"
        )

    def flush(self) -> None:
        """Pass all lines to the system. Raises OSError (a full disk) after removing a partly written line."""
        if not self._lines:
            return
        data = "".join(self._lines).encode("ascii", "replace")
        self._lines.clear()
        start = os.fstat(self._fd).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            os.ftruncate(self._fd, start + data.rfind(b"\n", 0, written) + 1)
            raise

    def close(self) -> None:
        """Flush and close; a second call does nothing."""
        if self._fd < 0:
            return
        try:
            self.flush()
        finally:
            os.close(self._fd)
            self._fd = -1
