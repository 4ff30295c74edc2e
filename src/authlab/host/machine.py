"""What a run's numbers depend on: the machine, its load, and which core does what."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    "authlab",
    "flask",
    "werkzeug",
    "gunicorn",
    "redis",
    "hiredis",
    "flask-session",
    "pyjwt",
    "flask-jwt-extended",
    "locust",
    "gevent",
    "polars",
)
_NAMES = {"redis": "redis-py"}
"""Under `redis` a run has the version of the store's server."""


@dataclass(frozen=True)
class Pinning:
    """Cores of the load generator, and of everything that it measures. Empty if nothing is pinned."""

    generator: tuple[int, ...]
    stack: tuple[int, ...]

    @property
    def stack_cores(self) -> int:
        """How many cores the stack may use: all of them if nothing is pinned."""
        return len(self.stack) or os.cpu_count() or 1


def pinning() -> Pinning:
    """The generator on the last core that the lab may use, the stack on all others.

    On one core, or where the system has no CPU affinity (macOS), nothing is pinned.
    """
    if not hasattr(os, "sched_getaffinity"):
        return Pinning((), ())
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return Pinning((), ())
    return Pinning((cores[-1],), tuple(cores[:-1]))


def machine_facts(pins: Pinning) -> dict[str, Any]:
    """CPU, memory, system, load before the run: facts that matter, without identity (no host name, no user)."""
    return {
        "cpu": _cpu_model(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "distribution": _distribution(),
        "virtual": _hypervisor(),
        "load_average_before": [round(value, 2) for value in os.getloadavg()],
        "pinning": {"generator": list(pins.generator), "stack": list(pins.stack)},
    }


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages whose behaviour the numbers depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[_NAMES.get(name, name)] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux: use the platform's own name
    return platform.processor() or platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _hypervisor() -> bool:
    try:
        return " hypervisor" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
