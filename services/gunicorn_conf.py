"""gunicorn's settings: one process, some threads, and connections that the proxy may keep."""

from __future__ import annotations

import os
from pathlib import Path

bind = os.environ.get("AUTHLAB_BIND", "127.0.0.1:8000")

# One process: a worker is a single place where memory state can live.
workers = 1
worker_class = "gthread"
_threads = os.environ.get("AUTHLAB_THREADS", "8")
threads = int(_threads) if _threads.isascii() and _threads.isdigit() and int(_threads) > 0 else 8
# (A number that is none is told by the application, together with all that is wrong.)

# Before the fork: settings that are wrong end the start at once with their own status, where a child that
# fails would be tried again and again; and the socket opens only when there is something to answer.
preload_app = True

# Longer than nginx's `keepalive_timeout` of 60 s to its upstream: the proxy closes idle connections, not the
# worker, or it would meet closed ones.
keepalive = 75
graceful_timeout = 1

# gunicorn ≥ 25 opens its control socket at one path per user, where several instances collide.
control_socket_disable = True

# The heartbeat touches a file on each turn of the loop: in memory, where there is such a place.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None  # noqa: S108

accesslog = None  # the proxy writes one
errorlog = "-"
loglevel = "info"
