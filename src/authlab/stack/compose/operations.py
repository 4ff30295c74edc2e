"""What can be done to a container from outside, to test how its stack reacts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from authlab.model.errors import LabError
from authlab.stack.compose.ownership import LABEL

STOP_WITHIN_S = 8
"""As `stop_grace_period` in compose/base.yml."""

_DIE_WITHIN_S = 10.0
_PAUSE_S = 0.01


def running_pid(container: Any, to_be: str) -> int:
    """The host's number of its first process. Raises `LabError`, which contains `to_be`, if it does not run."""
    container.reload()
    pid = int(container.attrs["State"]["Pid"])
    if not pid:
        raise LabError(f"{container.name} does not run: it can't be {to_be}.")
    return pid


def crash(container: Any) -> int:
    """SIGKILL the container's first process from the host, and with it all others. Returns its process id.

    The engine sees a crash, and its restart policy reacts; the engine's own `kill` would count as a wish to stop. If we
    may not kill the process (not root, Docker Desktop), a container with the right to do so does it. Returns when all
    of them are gone. Raises `LabError` if the container does not run, or does not die.
    """
    pid = running_pid(container, "crashed")
    if _is_here(pid, container.id):
        try:
            os.kill(pid, signal.SIGKILL)
        except PermissionError:
            _kill_by_container(container, pid)
    else:
        _kill_by_container(container, pid)
    _await_end(container, pid)
    return pid


def stop(container: Any) -> int:
    """Stop it gracefully, or kill it if that takes longer than the compose files allow. Returns its process id."""
    pid = running_pid(container, "stopped")
    container.stop(timeout=STOP_WITHIN_S)
    _await_end(container, pid)
    return pid


def kill(container: Any) -> int:
    """End it by SIGKILL without a restart: the engine sees an intended stop. Returns its process id."""
    pid = running_pid(container, "killed")
    container.kill()
    _await_end(container, pid)
    return pid


def reload_nginx(proxy: Any, within_s: float) -> None:
    """Make nginx read its configuration. Returns when a process with the new one has taken over, and those with the old
    one accept no new connection. Raises `LabError` if that takes too long."""
    before = set(_serving(proxy))
    proxy.kill(signal="HUP")
    deadline = time.monotonic() + within_s
    while not (now := set(_serving(proxy))) or now & before:
        if time.monotonic() > deadline:
            said = proxy.logs(stdout=False, tail=3).decode(errors="replace").strip()
            raise LabError(f"{proxy.name} did not load its new configuration. It said: {said}")
        time.sleep(_PAUSE_S)


def _serving(proxy: Any) -> list[str]:
    """The processes of nginx that accept new connections. One that will end calls itself "… is shutting down"."""
    listed = proxy.top(ps_args="-eo pid,args")["Processes"]
    return [pid for pid, command in listed if command.strip() == "nginx: worker process"]


def _await_end(container: Any, pid: int) -> None:
    _until(
        lambda: container.attrs["State"]["Pid"] != pid,
        container,
        f"{container.name} did not die: its process {pid} still runs after SIGKILL.",
    )


def _until(condition: Callable[[], bool], container: Any, else_: str) -> None:
    deadline = time.monotonic() + _DIE_WITHIN_S
    container.reload()
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(else_)
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


def _is_here(pid: int, container_id: str) -> bool:
    try:
        return container_id in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
