"""The columns of a recording's samples, and the words in them.

They repeat `authlab.model.samples`, which can't be imported here; a test checks that the two are equal.
"""

from __future__ import annotations

from typing import Final

SAMPLE_COLUMNS: Final = (
    "window",
    "user",
    "op",
    "credential",
    "issued_ns",
    "expires_ns",
    "due_ns",
    "ready_ns",
    "sent_ns",
    "done_ns",
    "status",
    "worker",
    "outcome",
    "reason",
    "request_id",
    "item",
    "cart",
)

OUTCOMES: Final = ("ok", "auth", "client", "server", "proxy", "network", "timeout", "wrong")

BEFORE_WINDOWS: Final = -1
"""The window number of requests outside all windows: the log-ins before the first."""
