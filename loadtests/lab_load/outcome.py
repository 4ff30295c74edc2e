"""The result of a request: one of the defined outcomes, and the reason for it."""

from __future__ import annotations

import json
import re
import socket
from functools import lru_cache
from typing import Any

from gevent.timeout import Timeout
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

_PLAIN = re.compile(r"[^A-Za-z0-9_.:*\- ]")
_LONGEST = 200


UNKNOWN_FATE = frozenset({"network", "timeout", "proxy", "server"})
"""Outcomes after which a write may or may not have happened."""


def plain(text: str) -> str:
    """`text` as one CSV field. A service's text may hold commas, quotes and line ends."""
    return _PLAIN.sub("_", text[:_LONGEST])


@lru_cache(maxsize=256)
def worker_name(header: str) -> str:
    """The X-Worker header as a field. There are few workers and many answers, so the result is cached."""
    return plain(header)


def of_error(error: BaseException) -> tuple[str, str]:
    """Outcome and reason where there was no complete answer."""
    if isinstance(error, (TimeoutError, Timeout, socket.timeout)):
        return "timeout", "no_answer"
    if isinstance(error, ConnectionRefusedError):
        return "network", "refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "network", "reset"
    if isinstance(error, HTTPConnectionClosed):
        return "network", "closed"
    if isinstance(error, HTTPParseError):
        return "network", "cut_or_not_http"
    return "network", plain(type(error).__name__)


def of_status(status: int, worker: str, body: dict[str, Any]) -> tuple[str, str]:
    """Outcome and reason of an answer that is not the expected one.

    nginx makes its own 502, 503 and 504; they lack the `X-Worker` header that every worker's answer carries.
    """
    said = body.get("reason")
    reason = plain(said) if isinstance(said, str) else f"status_{status}"
    if status in (401, 403):
        return "auth", reason
    if 400 <= status < 500:
        return "client", reason
    if status >= 500:
        return ("server" if worker else "proxy"), reason
    return "wrong", f"status_{status}"


def read_json(content: bytes | None) -> dict[str, Any]:
    """The JSON object of a body, or an empty one if it is none. The caller decides what follows."""
    try:
        body = json.loads(content or b"")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
