"""gunicorn's threaded worker, with two differences: what it answers by itself, and how it stops.

It answers a request that it can't parse without asking the application. gunicorn would answer with a page of HTML. Here
the answer is a problem document as everywhere, with the worker's name.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from http import HTTPStatus
from typing import Any, Final

from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from services.answers import Answers
from services.bodies import MAX_BODY_BYTES
from services.problems import Problem

_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (errors.InvalidResponseHeader, "internal_error"),
    (errors.InvalidResponseHeaderName, "internal_error"),
    (errors.LimitRequestLine, "uri_too_long"),
    (errors.LimitRequestHeaders, "headers_too_large"),
    (errors.ExpectationFailed, "expectation_failed"),
    (errors.UnsupportedTransferCoding, "unsupported_transfer_coding"),
    (errors.ParseException, "bad_request"),
)
"""The first class that fits decides."""

_A_MOMENT_S: Final = 0.000_1
_MOST_LOOKS: Final = 1_000


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Refuses what it can't parse with a problem document, and stops without dropping a connection."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections, or don't. When the worker stops, it closes its sockets at once.

        gunicorn closes them at the end, after the last answer. Until then the kernel goes on making connections that
        nobody accepts. The proxy sends a request into one of them, and the connection is reset. The proxy must not send
        a POST again. After a refused connection it passes the request on.
        """
        super().set_accept_enabled(enabled)
        if not self.alive and not enabled:
            for listener in self.sockets:
                self._serve_what_waits(listener)
                listener.close()

    def _serve_what_waits(self, listener: Any) -> None:
        """Accept every connection that the kernel has made. Returns when none was left a moment ago.

        After a look, this thread may have to wait for another one, while the kernel makes a further connection.
        """
        for _ in range(_MOST_LOOKS):
            accepted, since = self.nr_conns, time.monotonic()
            self.accept(listener)
            if self.nr_conns == accepted and time.monotonic() - since < _A_MOMENT_S:
                return

    def handle_error(self, _req: Any, client: socket.socket, _addr: Any, exc: Exception) -> None:
        """Answer on the socket `client`. gunicorn closes the connection afterwards."""
        reason = next((reason for kind, reason in _REASONS if isinstance(exc, kind)), "internal_error")
        if reason == "internal_error":
            self.log.error("a request ended in a bug", exc_info=exc)
        else:  # without the text of the error, which may repeat a header with a credential
            self.log.warning("A request can't be read: %s", type(exc).__name__)
        with contextlib.suppress(OSError):  # the client is gone
            client.sendall(_refusal(reason))


def leaves_no_way_back(req: Any) -> bool:
    """Whether the connection must end after the answer to a gunicorn request `req`.

    A refusal leaves the body unread. gunicorn then reads up to 64 KiB and drops them, to find the next request. It
    closes a connection with a longer body, but the answer has said by then that the connection stays open, and the
    proxy sends the next user's request into it. The length of a chunked body is unknown before it is read. (nginx sends
    none; it collects the body and states the length.)
    """
    for name, value in req.headers:
        if name == "TRANSFER-ENCODING" or (name == "CONTENT-LENGTH" and int(value) > MAX_BODY_BYTES):
            return True
    return False


def _refusal(reason: str) -> bytes:
    """A whole answer in HTTP/1.1. The name is read here, because each process has its own (`gunicorn_conf.py`)."""
    answers = Answers(os.environ.get("AUTHLAB_WORKER") or socket.gethostname(), challenge="")
    answer = answers.problem(Problem(reason))
    status = HTTPStatus(answer.status_code)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.get_data()
