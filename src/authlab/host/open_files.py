"""The system's limits on open files and on connections from this machine to one address."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def most_files() -> int:
    """How many files one of our programs may have open, once its limit is raised as far as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard


def most_connections() -> int:
    """How many connections this machine can have to one address and port; each takes a port of its own."""
    try:
        first, last = map(int, _PORTS.read_text().split())
    except (OSError, ValueError):
        return 1 << 14  # the range that IANA reserves for this (RFC 6335), which macOS uses
    return last - first + 1
