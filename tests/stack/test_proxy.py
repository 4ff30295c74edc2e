"""What the proxy does by itself: its own errors, request ids, and an access log that lays blame where it belongs."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from services.bodies import MAX_BODY_BYTES
from web_client import Answer, Browser

from authlab.host.ports import LOOPBACK
from authlab.stack.access_log import AccessLine, read_access_log
from authlab.stack.local import LocalStacks
from authlab.stack.local_stack import LocalStack

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stack(stand_up: StandUp) -> Iterator[LocalStack]:
    """The control mode on two workers, behind a proxy of little patience."""
    with stand_up("none", workers=2, read_timeout_s=0.5) as stacks:
        yield stacks.stacks["none"]


@pytest.fixture
def broken(stand_up: StandUp) -> Iterator[LocalStack]:
    """The same, for one test alone to break."""
    with stand_up("none", workers=2, read_timeout_s=0.5) as stacks:
        yield stacks.stacks["none"]


def logged(stack: LocalStack, request_id: str) -> AccessLine:
    """The access log's line about a request."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for line in read_access_log(stack.access_log):
            if line.request_id == request_id:
                return line
        time.sleep(0.02)
    raise AssertionError(f"{request_id} is not in {stack.access_log}")


def signal_workers(stack: LocalStack, sig: signal.Signals) -> None:
    for part in stack.parts:
        if part.name.startswith("worker"):
            part.process.signal(sig)
            if sig == signal.SIGKILL:
                part.process.wait(10)


def is_problem_of_the_proxy(answer: Answer, status: int, reason: str) -> bool:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.worker == "", "it says X-Worker though no worker answered"
    assert answer.json["status"] == status
    assert answer.json["reason"] == reason
    return True


def test_without_any_worker_the_proxy_says_bad_gateway_itself(broken: LocalStack) -> None:
    signal_workers(broken, signal.SIGKILL)
    answer = Browser(broken.url).get("/me", X_Request_ID="all-dead")
    assert is_problem_of_the_proxy(answer, 502, "proxy_bad_gateway")
    line = logged(broken, "all-dead")
    assert line.status == 502
    assert line.method == "GET"
    assert {attempt.status for attempt in line.attempts} == {502}
    assert {attempt.address for attempt in line.attempts} == {w.url.removeprefix("http://") for w in broken.workers}
    # A kept connection that turns out to be dead counts as connected in no time.
    assert not any(attempt.connect_s for attempt in line.attempts), "nobody was there to connect to"


def test_one_dead_worker_is_passed_over_and_named_in_the_log(broken: LocalStack) -> None:
    dead, alive = broken.workers
    next(part for part in broken.parts if part.name == dead.name).process.kill()
    for number in range(4):
        answer = Browser(broken.url).get("/me", X_Request_ID=f"r{number}", X_Lab_User="user-0001")
        assert (answer.status, answer.worker) == (200, alive.name)
    lines = [logged(broken, f"r{number}") for number in range(4)]
    passed_over = [line for line in lines if len(line.attempts) == 2]
    assert passed_over, "round robin never met the dead worker"
    for line in passed_over:
        assert [attempt.address for attempt in line.attempts] == [w.url.removeprefix("http://") for w in (dead, alive)]
        assert [attempt.status for attempt in line.attempts] == [502, 200]


def test_workers_that_hang_make_a_gateway_timeout_of_the_proxy(broken: LocalStack) -> None:
    signal_workers(broken, signal.SIGSTOP)
    answer = Browser(broken.url).get("/me", X_Request_ID="stalled")
    assert is_problem_of_the_proxy(answer, 504, "proxy_gateway_timeout")
    assert [attempt.status for attempt in logged(broken, "stalled").attempts] == [504, 504]


def test_a_post_that_may_have_been_carried_out_is_not_sent_twice(broken: LocalStack) -> None:
    signal_workers(broken, signal.SIGSTOP)
    answer = Browser(broken.url).post("/cart/items", {"item": "i1"}, X_Request_ID="post", X_Lab_User="user-0001")
    assert is_problem_of_the_proxy(answer, 504, "proxy_gateway_timeout")
    line = logged(broken, "post")
    assert line.method == "POST"
    assert len(line.attempts) == 1


def test_a_request_that_nginx_cannot_parse_is_a_problem_too(stack: LocalStack) -> None:
    assert is_problem_of_the_proxy(Browser(stack.url).get("/me%zz"), 400, "proxy_bad_request")


def test_a_uri_and_a_body_that_are_too_large_are_problems_too(stack: LocalStack) -> None:
    browser = Browser(stack.url)
    assert is_problem_of_the_proxy(browser.get("/" + "x" * 70_000), 414, "proxy_uri_too_long")
    for size in (MAX_BODY_BYTES + 1, 2_000_000):
        too_large = browser.ask("POST", "/login", "x" * size, {"Content-Type": "application/json"})
        assert is_problem_of_the_proxy(too_large, 413, "proxy_content_too_large")


def answer_to(stack: LocalStack, request: bytes) -> Answer:
    """The answer to a request in these very bytes."""
    with socket.create_connection((LOOPBACK, int(stack.url.rpartition(":")[2])), 10) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())


HEAD = b"GET /me HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
CHUNKED = b"POST /login HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        (b"TRACE /me HTTP/1.1\r\nHost: h\r\n\r\n", 405, "proxy_method_not_allowed"),
        (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 405, "proxy_method_not_allowed"),
        (b"GET /me HTTP/2.0\r\nHost: h\r\n\r\n", 505, "proxy_version_not_supported"),
        (b"GET /me HTTP/1.1\r\n\r\n", 400, "proxy_bad_request"),
        (b"GET /m\0e HTTP/1.1\r\nHost: h\r\n\r\n", 400, "proxy_bad_request"),
        (CHUNKED + b"chunked\r\n\r\nzz\r\n", 400, "proxy_bad_request"),
        (CHUNKED + b"magic\r\n\r\n", 501, "proxy_not_implemented"),
        (HEAD + b"Cookie: a=" + b"a" * 70_000 + b"\r\n\r\n", 431, "proxy_headers_too_large"),
    ],
    ids=["trace", "connect", "version", "host", "nul", "chunk", "coding", "field"],
)
def test_whatever_the_proxy_refuses_is_a_problem(stack: LocalStack, request_: bytes, status: int, reason: str) -> None:
    assert is_problem_of_the_proxy(answer_to(stack, request_), status, reason)


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        (HEAD + b"Cookie: a=" + b"a" * 9_000 + b"\r\n\r\n", 401, "missing"),
        (HEAD + b"Cookie: a=" + b"a" * 60_000 + b"\r\n\r\n", 401, "missing"),
        (HEAD + b"X: 1\r\n" * 990 + b"\r\n", 401, "missing"),
        (HEAD.replace(b"/me", b"/me?" + b"q" * 5_000) + b"\r\n", 401, "missing"),
        (HEAD.replace(b"/me", b"/me?" + b"q" * 9_000) + b"\r\n", 414, "uri_too_long"),
        (HEAD.replace(b"/me", "/ü".encode()) + b"\r\n", 400, "bad_request"),
        (HEAD + b"X-Forwarded-Ssl: on\r\n\r\n", 400, "bad_request"),
        (HEAD + b"Expect: wonders\r\n\r\n", 401, "missing"),
        (HEAD.replace(b"GET", b"BREW") + b"\r\n", 405, "method_not_allowed"),
        (b"GET /me HTTP/1.0\r\n\r\n", 401, "missing"),
    ],
    ids=["cookie", "long-cookie", "fields", "query", "line", "not-ascii", "scheme", "expect", "method", "http-1.0"],
)
def test_whatever_the_proxy_passes_gets_an_answer_of_a_worker(
    stack: LocalStack, request_: bytes, status: int, reason: str
) -> None:
    answer = answer_to(stack, request_)
    assert (answer.status, answer.json["reason"]) == (status, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.worker in {worker.name for worker in stack.workers}


def test_no_request_takes_away_the_connection_of_the_next_one(stack: LocalStack) -> None:
    """A worker that closes a connection which it said it keeps makes the next user's POST fail."""
    body = json.dumps({"username": "nobody", "password": "x"}).encode()
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    post = b"POST /login HTTP/1.1\r\nHost: h\r\n" + head + body
    long = b"POST /%s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
    harmful = [
        *(long % (path, size) + b"a" * size for path in (b"login", b"nothing") for size in (70_000, MAX_BODY_BYTES)),
        HEAD.replace(b"/me", "/ü".encode()) + b"\r\n",
        HEAD + b"X-Forwarded-Ssl: on\r\n\r\n",
    ]
    for request in harmful * 6:
        assert 400 <= answer_to(stack, request).status < 500
        assert answer_to(stack, post).status in (401, 403)


def test_the_page_of_the_proxys_problems_cannot_be_asked_for(stack: LocalStack) -> None:
    assert is_problem_of_the_proxy(Browser(stack.url).get("/.proxy/problem"), 404, "proxy_not_found")


def test_a_clients_request_id_is_kept_logged_and_returned(stack: LocalStack) -> None:
    answer = Browser(stack.url).get("/healthz", X_Request_ID="u7-42")
    assert answer.headers["x-request-id"] == "u7-42"
    line = logged(stack, "u7-42")
    assert (line.method, line.uri, line.status) == ("GET", "/healthz", 200)
    (attempt,) = line.attempts
    worker = next(worker for worker in stack.workers if worker.name == answer.worker)
    assert f"http://{attempt.address}" == worker.url


@pytest.mark.parametrize("sent", ["", "x" * 65, 'a"b', "new\tline"])
def test_a_request_id_that_is_none_is_replaced(stack: LocalStack, sent: str) -> None:
    made = Browser(stack.url).get("/healthz", X_Request_ID=sent).headers["x-request-id"]
    assert len(made) == 32
    assert made != sent
    assert logged(stack, made).status == 200


def test_the_log_has_the_path_but_not_the_query(stack: LocalStack) -> None:
    Browser(stack.url).get("/me?access_token=hunter2", X_Request_ID="query")
    assert logged(stack, "query").uri == "/me"
    assert "hunter2" not in stack.access_log.read_text()


def test_the_proxy_keeps_its_version_to_itself(stack: LocalStack) -> None:
    assert Browser(stack.url).get("/healthz").headers["server"] == "nginx"


def test_a_connection_is_kept_for_the_next_request_and_so_are_those_to_the_workers(stack: LocalStack) -> None:
    port = int(stack.url.rpartition(":")[2])
    with socket.create_connection((LOOPBACK, port), 10) as connection:
        for number in range(20):
            request = f"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-ID: keep-{number}\r\n\r\n"
            connection.sendall(request.encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    lines = [logged(stack, f"keep-{number}") for number in range(20)]
    assert len({line.connection for line in lines}) == 1
    assert [line.connection_requests for line in lines] == list(range(1, 21))
    # after the first rounds no time at all goes into connecting to a worker
    assert all(attempt.connect_s == 0.0 for line in lines[4:] for attempt in line.attempts)
