"""What can be done to a container from outside, to see what its stack makes of it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from authlab.model.errors import LabError
from authlab.stack.compose.ownership import LABEL

STOP_WITHIN_S = 8

_DIE_WITHIN_S = 10.0
_PAUSE_S = 0.01


def crash(container: Any) -> None:
    """SIGKILL the container's first process from the host, and with it all the others.

    To the engine this is a crash, which the restart policy answers; its own `kill` counts as a wish to stop. Where the
    process is not ours to kill (no root, Docker Desktop), a container with the right to do so does it.
    Returns once all of them are gone. Raises `LabError` if the container does not run, or does not die.
    """
    container.reload()
    pid = container.attrs["State"]["Pid"]
    if not pid:
        raise LabError(f"{container.name} does not run: it can't crash.")
    if _is_here(pid, container.id):
        try:
            os.kill(pid, signal.SIGKILL)
        except PermissionError:
            _kill_by_container(container, pid)
    else:
        _kill_by_container(container, pid)
    deadline = time.monotonic() + _DIE_WITHIN_S
    while container.attrs["State"]["Pid"] == pid:
        if time.monotonic() > deadline:
            raise LabError(f"{container.name} did not die: its process {pid} still runs after SIGKILL.")
        time.sleep(_PAUSE_S)
        container.reload()


def _kill_by_container(container: Any, pid: int) -> None:
    container.client.containers.run(
        container.attrs["Config"]["Image"],
        ["python", "-ISc", f"import os; os.kill({pid}, {int(signal.SIGKILL)})"],
        user="0",
        pid_mode="host",
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        cap_add=["KILL"],
        remove=True,
        labels={name: value for name, value in container.labels.items() if name == LABEL},
    )


def stop(container: Any) -> None:
    """Stop it gracefully; killed if that takes longer than the compose files grant."""
    container.stop(timeout=STOP_WITHIN_S)


def _is_here(pid: int, container_id: str) -> bool:
    try:
        return container_id in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
