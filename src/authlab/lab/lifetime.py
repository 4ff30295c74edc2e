"""How a lab ends: all signals become one kind of interruption, and the guardian removes private files."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from authlab.host.processes import Guardian

_AGAIN_AFTER_S: Final = 0.05


def private_folder(guardian: Guardian) -> Path:
    """A new folder, which only this user may read, for secrets and configuration.

    The guardian knows the folder before it exists. A SIGKILL therefore never leaves it behind.
    """
    folder = Path(tempfile.gettempdir()) / f"authlab-{os.getpid()}-{secrets.token_hex(4)}"
    guardian.remove_at_end(folder)
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does: clean up and report. An ignored signal (`nohup`) stays ignored.

    Python drops an exception that is raised inside a callback, such as that of a weak reference. A signal that arrives
    there would be lost, so it is sent again a moment later.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    heard = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    before: Mapping[int, Any] = {s: signal.signal(s, interrupt) for s in heard}
    dropped, again = sys.unraisablehook, (*heard, signal.SIGINT)[0]

    def retry(unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            dropped(unraisable)
            return
        timer = threading.Timer(_AGAIN_AFTER_S, signal.pthread_kill, (threading.main_thread().ident, again))
        timer.daemon = True
        timer.start()

    sys.unraisablehook = retry
    try:
        yield
    finally:
        sys.unraisablehook = dropped
        for number, handler in before.items():
            signal.signal(number, handler)
