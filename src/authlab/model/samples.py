"""One request as the load recorded it: the columns of a recording, and their values."""

from __future__ import annotations

from typing import Final

OUTCOMES: Final = ("ok", "auth", "client", "server", "proxy", "network", "timeout", "wrong")
"""`auth`: unexpected 401 or 403; `client`: other 4xx; `server`: 5xx from a worker; `proxy`: 502 or 504 made
by nginx; `network`: no answer; `timeout`: no answer in time; `wrong`: right status, wrong identity or data."""

OPERATIONS: Final = ("login", "me", "cart", "add", "logout", "refresh")

SAMPLE_COLUMNS: Final = (
    "window",  # number of the plan's window; -1 outside of all windows (log-ins before the first)
    "user",  # number of the simulated user
    "op",  # one of OPERATIONS, or one that a scenario adds
    "credential",  # running number of the credential; 0 for none; never its text
    "issued_ns",  # when that credential was received, 0 for none
    "expires_ns",  # when it expires according to the service; 0 if unknown
    "due_ns",  # when the schedule wanted the request sent
    "ready_ns",  # when its user was free to send it
    "sent_ns",
    "done_ns",
    "status",  # HTTP status, 0 where there was no answer
    "worker",  # X-Worker of the answer, empty where there was none
    "outcome",  # one of OUTCOMES
    "reason",  # the service's machine-readable reason, or the kind of network error
    "request_id",  # as in the proxy's access log
    "item",  # item that the request wrote to the cart
    "cart",  # cart that the answer showed: "item*quantity" joined by blanks
)
"""The columns of a recording's samples, in order. Times are nanoseconds of CLOCK_MONOTONIC."""
