"""What gunicorn itself refuses, and how a connection ends: a real worker, called directly."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import time
from collections.abc import Iterator

import pytest
from services.bodies import MAX_BODY_BYTES
from services.problems import REASONS

from authlab.stack.secrets import Secrets
from tests.unit.services.real_worker import Gunicorn, gunicorn

pytestmark = pytest.mark.stack

GET = b"GET /me HTTP/1.1\r\nHost: h\r\n"
POST = b"POST /login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> Iterator[Gunicorn]:
    """One worker for all of these tests."""
    with gunicorn(tmp_path_factory.mktemp("worker"), secrets) as running:
        assert running.names(1) == {"worker-1"}
        yield running


def answers(worker: Gunicorn, request: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Status, headers and body of each answer on one connection, which the worker must end."""
    found = []
    with socket.create_connection(("127.0.0.1", worker.port), 10) as connection:
        connection.sendall(request)
        stream = connection.makefile("rb")
        while status := stream.readline():
            lines = iter(lambda: stream.readline().decode("latin-1").strip(), "")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            found.append((int(status.split()[1]), headers, stream.read(int(headers.get("content-length", 0)))))
    return found


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ("GET /ü HTTP/1.1\r\nHost: h\r\n\r\n".encode(), "bad_request"),
        (b"GET /m\0e HTTP/1.1\r\nHost: h\r\n\r\n", "bad_request"),
        (b"GET /me\r\n\r\n", "bad_request"),
        (b"GET /me HTTP/9.9\r\n\r\n", "bad_request"),
        (b"get /me HTTP/1.1\r\nHost: h\r\n\r\n", "bad_request"),
        (GET + b"no colon\r\n\r\n", "bad_request"),
        (GET + b"Host: another\r\n\r\n", "bad_request"),
        (GET + b"X: a\x01\r\n\r\n", "bad_request"),
        (GET + b"SCRIPT_NAME: /x\r\n\r\n", "bad_request"),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "bad_request"),
        (CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n", "bad_request"),
        (CHUNKED + b"2\r\n{}\r\n0\r\nHost: h\r\n\r\n", "bad_request"),
        (b"GET /?" + b"q" * 9_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", "uri_too_long"),
        (GET + b"X: 1\r\n" * 1_200 + b"\r\n", "headers_too_large"),
        (GET + b"Cookie: x=" + b"a" * 66_000 + b"\r\n\r\n", "headers_too_large"),
        (GET + b"Expect: wonders\r\n\r\n", "expectation_failed"),
        (POST + b"Transfer-Encoding: magic, chunked\r\n\r\n0\r\n\r\n", "unsupported_transfer_coding"),
    ],
    ids=[
        *("not-ascii", "nul", "http-0.9", "http-9.9", "method", "colon", "two-hosts", "control", "script-name"),
        *("two-lengths", "chunk", "trailer", "line", "fields", "field", "expect", "coding"),
    ],
)
def test_what_can_not_be_parsed_is_a_problem_of_the_worker(worker: Gunicorn, request_: bytes, reason: str) -> None:
    ((status, headers, body),) = answers(worker, request_)
    assert status == REASONS[reason][0]
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-worker"] == "worker-1"
    assert headers["connection"] == "close"
    assert headers["cache-control"] == "no-store"
    document = json.loads(body)
    assert (document["status"], document["reason"]) == (status, reason)


@pytest.mark.parametrize(
    "head",
    [
        GET + b"Cookie: other=" + b"a" * 60_000 + b"\r\n",
        GET + b"X: 1\r\n" * 1_050,
        b"GET /me?" + b"q" * 8_170 + b" HTTP/1.1\r\nHost: h\r\n",
    ],
    ids=["a long cookie", "many headers", "a long query"],
)
def test_what_the_proxy_lets_pass_fits(worker: Gunicorn, head: bytes) -> None:
    ((status, _, body),) = answers(worker, head + b"Connection: close\r\n\r\n")
    assert (status, json.loads(body)["reason"]) == (401, "missing")


REFUSED = {
    "404": b"POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n",
    "405": b"PUT /me HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n",
    "415": b"POST /login HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n",
    "401": b"GET /me HTTP/1.1\r\nHost: h\r\n",
    "413": POST,
}


@pytest.mark.parametrize("head", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 65_536, 70_000])
def test_an_answer_that_leaves_a_long_body_unread_says_that_the_connection_ends(
    worker: Gunicorn, head: bytes, size: int
) -> None:
    body = b" " * size
    ((_, headers, _),) = answers(worker, head + f"Content-Length: {size}\r\n\r\n".encode() + body)
    assert headers["connection"] == "close"


@pytest.mark.parametrize("head", REFUSED.values(), ids=REFUSED)
def test_an_answer_to_a_chunked_body_says_that_the_connection_ends(worker: Gunicorn, head: bytes) -> None:
    chunk = b"5000\r\n" + b" " * 0x5000 + b"\r\n"
    ((_, headers, _),) = answers(worker, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
    assert headers["connection"] == "close"


def test_a_worker_that_stops_answers_or_refuses_connections(
    tmp_path_factory: pytest.TempPathFactory, secrets: Secrets
) -> None:
    """A connection that it lets be made and then resets would cost a POST: the proxy can't know whether it counted."""
    healthz = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    with gunicorn(tmp_path_factory.mktemp("stopping"), secrets) as worker, contextlib.ExitStack() as open_until_end:
        assert worker.names(1)

        def connect() -> socket.socket:
            made = open_until_end.enter_context(socket.create_connection(("127.0.0.1", worker.port), 10))
            made.sendall(healthz)
            return made

        kept = connect()  # an idle connection keeps the worker from ending at once
        assert answer_on(kept) == (200, "keep-alive")
        worker.process.signal(signal.SIGTERM, group=False)
        made = []
        with contextlib.suppress(ConnectionRefusedError):
            for _ in range(500):
                made.append(connect())
                time.sleep(0.01)
        lost = sum(answer_on(connection)[0] != 200 for connection in made)
        assert lost <= 1, f"{lost} of {len(made)}: only what comes in the very moment of closing may be lost"
        assert worker.process.wait(10) == 0


def answer_on(connection: socket.socket) -> tuple[int, str]:
    """Status and `Connection` of an answer; 0 if the connection was reset."""
    try:
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0, ""
    return answer.status, answer.getheader("Connection", "")


@pytest.mark.parametrize("status", ["404", "405", "415", "401"])
def test_after_a_short_body_the_connection_serves_the_next_request(worker: Gunicorn, status: str) -> None:
    size = MAX_BODY_BYTES
    first = REFUSED[status] + f"Content-Length: {size}\r\n\r\n".encode() + b" " * size
    (refused, served) = answers(worker, first + b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert (refused[0], refused[1]["connection"]) == (int(status), "keep-alive")
    assert served[0] == 200
