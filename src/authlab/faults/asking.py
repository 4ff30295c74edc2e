"""Questions to the workers without the proxy: they prove that a fault took effect."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from authlab.model.errors import LabError
from authlab.model.mode import Credential, Mode
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets

_ANSWER_WITHIN_S = 2.0
_DOTS = 2  # of a token in its compact form: RFC 7515, 7.1


class _Answer(NamedTuple):
    """What a worker answered."""

    status: int
    worker: str
    set_cookies: tuple[str, ...]
    body: bytes


def answers(url: str, within_s: float) -> bool:
    """Whether the worker at `url` answers /healthz in time."""
    try:
        return _ask(url, "GET", "/healthz", within_s).status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def served_by(url: str) -> str:
    """Which worker answers at `url`, the proxy's for one; empty where none does."""
    try:
        return _ask(url, "GET", "/healthz", _ANSWER_WITHIN_S).worker
    except (OSError, http.client.HTTPException):
        return ""


def url_of(stack: Stack, worker: str) -> str:
    """The worker's own address. Raises `LabError` if there is no such worker."""
    for known in stack.workers:
        if known.name == worker:
            return known.url
    raise LabError(f"there is no {worker}; there are {', '.join(known.name for known in stack.workers)}")


def token_parts(url: str, secrets: Secrets, mode: Mode) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token that the worker at `url` signs for the first user.

    The token is looked for where it travels in this mode. Raises `LabError` where there is none.
    """
    header, claims, _ = _token(url, secrets, mode).split(".")
    return _part(header), _part(claims)


def token_bytes(url: str, secrets: Secrets, mode: Mode) -> int:
    """The length of a token that the worker at `url` signs for the first user, its cart empty. Raises `LabError`."""
    return len(_token(url, secrets, mode))


def _token(url: str, secrets: Secrets, mode: Mode) -> str:
    """A new token in its compact form, of three parts."""
    account = json.loads(secrets.credentials.read_bytes())["users"][0]
    try:
        answer = _ask(url, "POST", "/login", _ANSWER_WITHIN_S, account)
        token = _TOKEN_IN[mode.credential](answer, mode)
        head, _, _ = token.split(".")  # three parts, or ValueError
        _part(head)
    except (OSError, http.client.HTTPException, ValueError, KeyError, StopIteration) as error:
        raise LabError(f"{url} gave no token: {type(error).__name__}") from error
    return token


def _of_body(answer: _Answer, _mode: Mode) -> str:
    return str(json.loads(answer.body)["access_token"])


def _of_cookies(answer: _Answer, mode: Mode) -> str:
    """The declared cookie's value; where no name is declared, that of the cookie that looks like a token.

    The service adds the instance to the declared name, an application of the user's own need not.
    """
    values = {name: morsel.value for line in answer.set_cookies for name, morsel in SimpleCookie(line).items()}
    if mode.cookie:
        return next(
            value for name, value in values.items() if name == mode.cookie or name.startswith(f"{mode.cookie}_")
        )
    return next((value for value in values.values() if value.count(".") == _DOTS), "")


def _of_answer(answer: _Answer, mode: Mode) -> str:
    return _of_body(answer, mode) if b'"access_token"' in answer.body else _of_cookies(answer, mode)


_TOKEN_IN: Final[dict[Credential, Callable[[_Answer, Mode], str]]] = {
    "bearer": _of_body,
    "cookie": _of_cookies,
    "cookie+csrf": _of_cookies,
    "answer": _of_answer,
}
"""Where the answer to a log-in has the token, by how the credential travels. In a `header` there is none."""


def _part(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def _ask(url: str, method: str, path: str, within_s: float, body: dict[str, Any] | None = None) -> _Answer:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=within_s)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {} if text is None else {"Content-Type": "application/json"})
        response = connection.getresponse()
        cookies = tuple(response.headers.get_all("Set-Cookie") or ())
        return _Answer(response.status, response.getheader("X-Worker") or "", cookies, response.read())
    finally:
        connection.close()
