"""A worker as it is served: gunicorn with the service, without a proxy, and an environment of the test's."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from authlab.host.ports import free_port
from authlab.host.processes import Guardian, Process
from authlab.stack.secrets import Secrets
from authlab.stack.worker import serve

WITHIN_S = 20.0
NONE: Mapping[str, str] = {}


class Gunicorn:
    """A worker by itself, without a proxy."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] = NONE) -> tuple[int, str]:
        """Status and X-Worker, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            more = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, None if body is None else json.dumps(body), {**more, **headers})
            answer = connection.getresponse()
            answer.read()
            self.cookie = answer.getheader("Set-Cookie", "")
            return answer.status, answer.getheader("X-Worker", "")
        finally:
            connection.close()

    def names(self, wanted: int) -> set[str]:
        """Names that answer, once there are so many."""
        seen: set[str] = set()
        deadline = time.monotonic() + WITHIN_S
        while len(seen) < wanted and time.monotonic() < deadline:
            try:
                seen.add(self.ask("GET", "/healthz")[1])
            except OSError:
                time.sleep(0.02)
        return seen


@contextmanager
def gunicorn(folder: Path, secrets: Secrets, **environment: str) -> Iterator[Gunicorn]:
    port = free_port()
    port.release()
    env = {
        "PATH": os.defpath,
        "AUTHLAB_STATE": "memory",
        "AUTHLAB_WORKER": "worker-1",
        "AUTHLAB_BIND": f"127.0.0.1:{port.number}",
        "AUTHLAB_SECRETS": str(secrets.folder),
        **environment,
    }
    with Guardian() as guardian:
        yield Gunicorn(serve(guardian, "worker-1", ["services.wsgi:app"], env, folder / "worker-1.log"), port.number)
