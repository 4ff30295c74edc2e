"""Answers as JSON bytes, made with as little of the framework as possible."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from flask import Response

from services.problems import Header, Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_EVERYWHERE: Final = (
    ("Cache-Control", "no-store"),  # a shared cache must not keep one user's answer (RFC 9111, 5.2.2.5)
    ("X-Content-Type-Options", "nosniff"),  # a body is what its type says (Fetch, 2.2.7)
)
_INERT: Final = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
"""If a browser shows the JSON as a page, it loads nothing, runs nothing and cannot be framed (CSP 3)."""


class _Whole(Response):
    """An answer whose body is known and passed on unchanged. Werkzeug's extra check of it would take 8 µs."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "HEAD":
            return super().__call__(environ, start_response)
        start_response(self.status, list(self.headers))
        return (self.get_data(),)


class Answers:
    """Makes the answers of one worker, each with its name in `X-Worker`."""

    def __init__(self, worker: str, challenge: str) -> None:
        self._bare = [*_EVERYWHERE, ("X-Worker", worker)]
        self._headers = [("Content-Type", "application/json"), _INERT, *self._bare]
        self._problem_headers = [("Content-Type", "application/problem+json"), _INERT, *self._bare]
        self._challenge = ("WWW-Authenticate", challenge)

    def json(self, members: Mapping[str, object], headers: Sequence[Header] = ()) -> Response:
        """200 with `members` as a JSON object."""
        return _Whole(_dump(members), 200, [*self._headers, *headers])

    def nothing(self, headers: Sequence[Header] = ()) -> Response:
        """204."""
        answer = Response(b"", 204, [*self._bare, *headers])
        answer.headers.remove("Content-Type")  # Werkzeug adds one to every answer
        return answer

    def problem(self, problem: Problem) -> Response:
        """The refusal as a problem document; a 401 challenges."""
        headers = [*self._problem_headers, *problem.headers]
        if problem.status == 401:
            headers.append(self._challenge)
        return _Whole(_dump(problem.document()), int(problem.status), headers)


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))  # `json.dumps` makes one per call


def _dump(members: Mapping[str, object]) -> bytes:
    return _ENCODER.encode(members).encode()
