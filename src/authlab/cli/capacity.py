"""Whether the requested numbers of workers and users fit into this machine."""

from __future__ import annotations

from typing import Final

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


_OWN_FILES: Final = 128
"""Files that a proxy or a load generator opens beside its connections."""


def too_many_users(users: int, kind: str = "local") -> str | None:
    """The problem with so many `users` of one mode; None if proxy and load generator have a connection for each.

    When they log in, all are served at once: the proxy then has two connections per user.
    """
    from authlab.host.open_files import most_connections, most_files
    from authlab.stack.nginx import CONNECTIONS, IDLE_CONNECTIONS

    files = most_files() - _OWN_FILES
    raise_it = "raise this shell's limit (ulimit -Hn, or nofile in /etc/security/limits.conf), or"
    limits = [
        ((CONNECTIONS - IDLE_CONNECTIONS) // 2, f"its proxy has {CONNECTIONS} connections, two for each user;"),
        (most_connections(), "each connection to the proxy takes a port of this machine (ip_local_port_range);"),
        (files, f"the load generator may open {files + _OWN_FILES} files, one for each user; {raise_it}"),
    ]
    if kind == "local":
        limits.append((files // 2, f"the proxy may open {files + _OWN_FILES} files, two for each user; {raise_it}"))
    most, why = min(limits)
    if users <= most:
        return None
    return f"--users {users}: a mode can have at most {most} users at once here: {why} use fewer --users"
