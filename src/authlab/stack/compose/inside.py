"""Commands that run inside a container, because the engine may be on another machine."""

from __future__ import annotations

from typing import Any

import docker.errors

from authlab.model.errors import LabError
from authlab.stack.compose.model import WORKER_PORT

_HEALTH = f"""
import http.client
connection = http.client.HTTPConnection("127.0.0.1", {WORKER_PORT}, timeout=2)
connection.request("GET", "/healthz")
raise SystemExit(connection.getresponse().status != 200)
"""


def worker_answers(container: Any) -> bool:
    """Whether its worker answers `/healthz`."""
    try:
        return bool(container.exec_run(["python", "-ISc", _HEALTH]).exit_code == 0)
    except docker.errors.APIError:
        return False  # it does not run, or is frozen


def store_answers(container: Any) -> bool:
    """Whether its Redis answers PING."""
    try:
        return _asked(container, "PING")[-1:] == ["PONG"]
    except docker.errors.APIError:
        return False


def flush(container: Any) -> int:
    """Remove every key of its Redis. Returns how many there were. Raises `LabError`."""
    said = _asked(container, "MULTI", "DBSIZE", "FLUSHALL", "EXEC")
    if said[-1:] != ["OK"] or not said[-2].isdecimal():
        raise LabError(f"{container.name} can't be emptied: it answered {said}.")
    return int(said[-2])


def _asked(container: Any, *commands: str) -> list[str]:
    """The lines that Redis answers. The password goes from its file into redis-cli's input. It appears in no process
    list, no environment and no description of a command."""
    log_in = "sed -n 's/^requirepass /AUTH /p' /run/authlab/store/store.conf"
    said = container.exec_run(["sh", "-c", f"{{ {log_in}; echo '{chr(10).join(commands)}'; }} | timeout 2 redis-cli"])
    return [line for line in said.output.decode(errors="replace").splitlines() if line]
