"""Questions to the workers without the proxy: they prove that a fault took effect."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from authlab.model.errors import LabError
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets

_ANSWER_WITHIN_S = 2.0


def answers(url: str, within_s: float) -> bool:
    """Whether the worker at `url` answers /healthz in time."""
    try:
        return _ask(url, "GET", "/healthz", within_s)[0] == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def served_by(url: str) -> str:
    """Which worker answers at `url`, the proxy's for one; empty where none does."""
    try:
        return _ask(url, "GET", "/healthz", _ANSWER_WITHIN_S)[1]
    except (OSError, http.client.HTTPException):
        return ""


def url_of(stack: Stack, worker: str) -> str:
    """The worker's own address. Raises `LabError` if there is no such worker."""
    for known in stack.workers:
        if known.name == worker:
            return known.url
    raise LabError(f"there is no {worker}; there are {', '.join(known.name for known in stack.workers)}")


def token_parts(url: str, secrets: Secrets) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token that the worker at `url` signs for the first user.

    Raises `LabError` where it gives none.
    """
    account = json.loads(secrets.credentials.read_bytes())["users"][0]
    try:
        _, _, body = _ask(url, "POST", "/login", _ANSWER_WITHIN_S, account)
        token = json.loads(body)["access_token"]
        header, claims, _ = token.split(".")
        return _part(header), _part(claims)
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        raise LabError(f"{url} gave no token: {type(error).__name__}") from error


def _part(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def _ask(
    url: str, method: str, path: str, within_s: float, body: dict[str, Any] | None = None
) -> tuple[int, str, bytes]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=within_s)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {} if text is None else {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.getheader("X-Worker") or "", response.read()
    finally:
        connection.close()
