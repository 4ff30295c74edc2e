"""The last requests as the API received them, without the text of a credential."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Request

KEPT: Final = 500
_SHOWN: Final = 6
_FETCH: Final = ("Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User")


def shortened(value: str) -> str:
    """Enough of a credential to distinguish two, too little to use it."""
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"


def cookie_pairs(header: str) -> list[tuple[str, str]]:
    """Names and values of a `Cookie` header, in the order in which the browser sent them, including duplicates."""
    pairs = (part.partition("=") for part in header.split(";"))
    return [(name.strip(), value.strip()) for name, sign, value in pairs if sign]


class Record:
    """The last `KEPT` requests, in order, numbered from 1. Thread-safe."""

    def __init__(self, worker: str, clock: Callable[[], float] = time.time) -> None:
        self._worker = worker
        self._clock = clock
        self._lock = threading.Lock()
        self._count = 0
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def keep(self, request: Request, path: str, answered: Mapping[str, Any]) -> None:
        """Record a request for `path` and its answer (status, user, credential, reason)."""
        authorization = request.headers.get("Authorization", "")
        scheme, _, token = authorization.partition(" ")
        entry = {
            "at": round(self._clock(), 3),
            "method": request.method,
            "scheme": request.headers.get("X-Forwarded-Proto", "http"),
            "host": request.host,
            "path": path,
            "query": request.query_string.decode("latin-1")[:200],
            "origin": request.headers.get("Origin"),
            "referer": request.headers.get("Referer"),
            "cookies": [
                {"name": name, "value": shortened(value)}
                for name, value in cookie_pairs(request.headers.get("Cookie", ""))
            ],
            "authorization": f"{scheme} {shortened(token)}" if authorization else None,
            "content_type": request.headers.get("Content-Type"),
            "fetch": {name.lower(): request.headers[name] for name in _FETCH if name in request.headers},
            "worker": self._worker,
            **answered,
        }
        with self._lock:
            self._count += 1
            self._entries.append({"number": self._count, **entry})

    def since(self, number: int = 0) -> list[dict[str, Any]]:
        """The requests after that one, as far back as the record reaches."""
        with self._lock:
            return [entry for entry in self._entries if entry["number"] > number]
