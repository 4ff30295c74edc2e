"""How a lab ends: signals become one kind of interruption, private files go with the guardian."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from authlab.host.processes import Guardian


def private_folder(guardian: Guardian) -> Path:
    """A new folder that only we may read, for secrets and configuration.

    The guardian hears of it before it exists, so that there is no moment at which a SIGKILL would leave it behind.
    """
    folder = Path(tempfile.gettempdir()) / f"authlab-{os.getpid()}-{secrets.token_hex(4)}"
    guardian.remove_at_end(folder)
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does: clean up and report. One that is ignored (`nohup`) stays so."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    heard = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    before: Mapping[int, Any] = {s: signal.signal(s, interrupt) for s in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
