"""The arrivals of each window of load, and its cost to the generator: one line per window and process."""

from __future__ import annotations

import time
from pathlib import Path

from gevent.event import Event

from lab_load.recording import WINDOW_COLUMNS, write_whole


class OpenWindow:
    """Counts of one window. `done` is set when all `users` have finished with it."""

    def __init__(self, index: int, users: int) -> None:
        self.index = index
        self.arrivals = 0
        self.unserved = 0
        self.opened_ns = 0
        self.closed_ns = 0
        self.cpu_ns = 0
        self.entered = False
        self.done = Event()
        self._users_left = users

    def open(self) -> None:
        """The window begins: the process's CPU counts from here on."""
        self.opened_ns, self._cpu_before = time.monotonic_ns(), time.process_time_ns()

    def close(self) -> None:
        """The window ends; a second call does nothing."""
        if not self.closed_ns:
            self.closed_ns, self.cpu_ns = time.monotonic_ns(), time.process_time_ns() - self._cpu_before

    def user_done(self) -> None:
        """One user has sent, or dropped, all of its arrivals."""
        self._users_left -= 1
        if self._users_left <= 0:
            self.done.set()


class Ledger:
    """The windows file of this process. It is small, and is rewritten with each line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = [",".join(WINDOW_COLUMNS)]
        self._write()

    def enter(self, w: OpenWindow) -> None:
        """Add the line of a window that is over. A window gets only one line."""
        if w.entered:
            return
        w.entered = True
        self._lines.append(f"{w.index},{w.arrivals},{w.unserved},{w.cpu_ns},{w.opened_ns},{w.closed_ns}")
        self._write()

    def _write(self) -> None:
        write_whole(self._path, "\n".join(self._lines) + "\n")
