"""gunicorn's settings: one process (or several, to show what that does), some threads, and connections that the proxy
may keep open."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

from services.gunicorn_worker import leaves_no_way_back

bind = os.environ.get("AUTHLAB_BIND", "127.0.0.1:8000")


def _whole(text: str, default: int) -> int:
    """A value that is no number becomes the default here; the application reports it with all other problems."""
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else default


# One process: a worker is then a single place where memory state can be. With several, each process is such a place.
workers = _whole(os.environ.get("AUTHLAB_PROCESSES", "1"), 1)
worker_class = "services.gunicorn_worker.Worker"
threads = _whole(os.environ.get("AUTHLAB_THREADS", "8"), 8)

# The application is loaded before the fork. Wrong settings then end the start at once, with their own status. A child
# that fails would be restarted again and again. And the socket opens only when the service can answer.
# With several processes each loads the application itself, because each has its own name.
preload_app = workers == 1

if workers > 1:

    def on_starting(server: Any) -> None:
        """Find errors that a child would hit before there are any children, as `preload_app` does."""
        if server.app.app_uri == "services.wsgi:app":
            from services.start import settings_or_exit  # gunicorn is in the service's folder by now

            settings_or_exit(os.environ)

    def post_fork(_server: Any, worker: Any) -> None:
        """The process's name in `X-Worker`: `worker-1.p1`. `age` counts started processes, so no number repeats."""
        name = os.environ.get("AUTHLAB_WORKER") or socket.gethostname()
        os.environ["AUTHLAB_WORKER"] = f"{name}.p{worker.age}"


# What the proxy lets pass must fit here (compose/nginx/nginx.conf). gunicorn's own limits are half as long a line, a
# quarter of such a field and 100 fields. 8190 is the longest request line that gunicorn allows.
limit_request_line = 8190
limit_request_field_size = 65_536
limit_request_fields = 1_100  # nginx passes 1,000 and adds some


def pre_request(_worker: Any, req: Any) -> None:
    """Say `Connection: close` where the connection can't be used again."""
    if leaves_no_way_back(req):
        req.force_close()


# Longer than nginx's `keepalive_timeout` of 60 s to its upstream. The proxy must close idle connections, not the
# worker; otherwise the proxy would use closed ones.
keepalive = 75
graceful_timeout = 1

# A process that has given no sign of life for so long is replaced, and its memory is gone. 30 s is gunicorn's default.
timeout = _whole(os.environ.get("AUTHLAB_SILENT_S", "30"), 30)

# Users who log in at the same moment may all have a connection; gunicorn's default is 1000.
worker_connections = 8192

# gunicorn ≥ 25 opens its control socket at one path per user, where several instances collide.
control_socket_disable = True

# The heartbeat touches a file on each turn of the loop. It is in memory if the system has such a folder.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() and os.access("/dev/shm", os.W_OK) else None  # noqa: S108

accesslog = None  # the proxy writes one
errorlog = "-"
loglevel = "info"
