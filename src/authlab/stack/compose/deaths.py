"""Watches for containers that end unexpectedly. The engine reports them, so no measurement is disturbed by polling."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import docker.errors

_LAST_LINES = 8
_JOIN_WITHIN_S = 5.0


@dataclass(frozen=True)
class Death:
    """The end of a container: exit status as subprocess has it (negative for a signal), and its last lines."""

    project: str
    service: str
    number: int
    status: int
    said: tuple[str, ...]


class Deaths:
    """Listens to the engine from `start` to `stop`, for containers with that label."""

    def __init__(self, client: Any, label: str) -> None:
        self._client = client
        self._label = label
        self._lock = threading.Lock()
        self._asked_for: Counter[str] = Counter()
        self._found: list[Death] = []
        self._events: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start listening. Harmless if it listens already."""
        if self._thread is not None:
            return
        filters = {"label": self._label, "type": "container", "event": "die"}
        self._events = self._client.events(since=int(time.time()), filters=filters, decode=True)
        self._thread = threading.Thread(target=self._listen, args=(self._events,), name="deaths", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and forget the deaths. Harmless if it does not listen."""
        if self._thread is not None:
            self._events.close()
            self._thread.join(_JOIN_WITHIN_S)
            self._thread = self._events = None
        with self._lock:
            self._found.clear()
            self._asked_for.clear()

    def ask_for(self, container_id: str) -> None:
        """The next end of this container is intended."""
        with self._lock:
            self._asked_for[container_id] += 1

    def found(self, wanted: Callable[[Death], bool]) -> list[Death]:
        """The deaths so far, in order."""
        with self._lock:
            return [death for death in self._found if wanted(death)]

    def _listen(self, events: Any) -> None:
        try:
            for event in events:
                self._hear(event["id"], event["Actor"]["Attributes"])
        except (OSError, ValueError, AttributeError, docker.errors.DockerException):
            return  # `stop` closed it during a read (urllib3 then fails on its own closed file), or the engine ended

    def _hear(self, container_id: str, about: dict[str, str]) -> None:
        code = int(about.get("exitCode", "0"))
        with self._lock:
            if self._asked_for[container_id] > 0:
                self._asked_for[container_id] -= 1
                return
        death = Death(
            about.get("com.docker.compose.project", ""),
            about.get("com.docker.compose.service", ""),
            int(about.get("com.docker.compose.container-number", "0")),
            128 - code if code > 128 else code,
            self._last_lines(container_id),
        )
        with self._lock:
            self._found.append(death)

    def _last_lines(self, container_id: str) -> tuple[str, ...]:
        try:
            said: bytes = self._client.containers.get(container_id).logs(tail=_LAST_LINES)
        except docker.errors.APIError:
            return ()  # removed already
        return tuple(line for line in said.decode(errors="replace").splitlines() if line.strip())
