"""Which processes belong to a process group: a program and the children that it forked."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path

import psutil

_ZOMBIE = b"Z"


def group_members(groups: Collection[int]) -> dict[int, list[int]]:
    """Process ids of each of the process groups, ascending, without zombies. One pass for all groups."""
    found: dict[int, list[int]] = {group: [] for group in groups}
    if sys.platform == "linux":
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    # the command name may contain blanks and brackets, so the fields begin after its last bracket
                    fields = Path(f"/proc/{entry.name}/stat").read_bytes().rpartition(b")")[2].split()
                except OSError:
                    continue  # it ended meanwhile
                group = int(fields[2])
                if group in found and fields[0] != _ZOMBIE:
                    found[group].append(int(entry.name))
    else:
        for pid in psutil.pids():
            try:
                group = os.getpgid(pid)
            except (ProcessLookupError, PermissionError):
                continue
            if group in found:
                found[group].append(pid)
    return {group: sorted(members) for group, members in found.items()}
