"""The machine that sends the load: the facts that distinguish machines, never a host's or a user's name.

They are read as the lab reads its own (authlab.host.machine; a test compares the two). A recording can therefore be
compared with a run of the same machine.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

_CPUS = Path("/proc/cpuinfo")


def machine_facts() -> dict[str, Any]:
    """Processor, architecture, cores, memory in bytes, whether it is virtual. Facts that are unknown are left out."""
    cpus = _read(_CPUS)
    models = [line.partition(":")[2].strip() for line in cpus.splitlines() if line.startswith("model name")]
    found = {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": _memory_bytes(),
        "virtual": " hypervisor" in cpus,
    }
    return {name: value for name, value in found.items() if value is not None}


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
