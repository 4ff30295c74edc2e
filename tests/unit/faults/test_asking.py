"""Questions to workers behind the proxy's back, to a server made by hand: every answer, and none."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from authlab.faults.asking import answers, served_by, token_parts, url_of
from authlab.model.errors import LabError
from authlab.model.mode import CREDENTIALS, Credential, Mode
from authlab.model.modes import MODES
from authlab.stack.secrets import Secrets, make_secrets
from tests.unit.faults.made_stacks import MadeStack


class _Worker(BaseHTTPRequestHandler):
    """Answers as the test says."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b"{}"
    cookies: ClassVar[tuple[str, ...]] = ()
    asked: ClassVar[list[Any]]
    pause: ClassVar[threading.Event | None] = None

    def do_GET(self) -> None:
        """Its name and status."""
        if self.pause is not None:
            self.pause.wait(30)
        self._answer()

    def do_POST(self) -> None:
        """What it was asked is kept."""
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer()

    def _answer(self) -> None:
        self.send_response(self.status)
        self.send_header("X-Worker", "worker-2")
        for cookie in self.cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def worker() -> Iterator[tuple[type[_Worker], str]]:
    """A handler to be set up, and the address where it answers."""
    handler = type("Handler", (_Worker,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


def _nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    """Of two users."""
    return make_secrets(tmp_path / "secrets", 2)


def _token(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, "c2lnbmF0dXJl"])


def _in_body(token: str) -> bytes:
    return json.dumps({"access_token": token}).encode()


def _carrying(credential: Credential, cookie: str = "") -> Mode:
    """A mode whose credential travels so."""
    return replace(MODES["jwt"], credential=credential, cookie=cookie)


def test_a_worker_answers_only_with_200_and_in_time(worker: tuple[type[_Worker], str]) -> None:
    handler, url = worker
    assert answers(url, 5.0)
    handler.status = 503
    assert not answers(url, 5.0)
    handler.status, handler.pause = 200, threading.Event()
    try:
        assert not answers(url, 0.1)
    finally:
        handler.pause.set()
    assert not answers(_nobody(), 5.0)


def test_who_serves_is_what_the_answer_says_and_nobody_where_there_is_none(worker: tuple[type[_Worker], str]) -> None:
    assert served_by(worker[1]) == "worker-2"
    assert served_by(_nobody()) == ""


def test_the_address_of_a_worker_that_there_is_not_is_told_with_those_that_there_are() -> None:
    stack: Any = MadeStack(2)
    assert url_of(stack, "worker-2") == "http://127.0.0.1:2"
    with pytest.raises(LabError, match="there is no worker-3; there are worker-1, worker-2"):
        url_of(stack, "worker-3")


def test_a_token_is_taken_apart_after_a_log_in_of_the_first_user(
    worker: tuple[type[_Worker], str], secrets: Secrets
) -> None:
    handler, url = worker
    handler.body = _in_body(_token({"kid": "k1", "alg": "HS256"}, {"iat": 5}))
    assert token_parts(url, secrets, _carrying("bearer")) == ({"kid": "k1", "alg": "HS256"}, {"iat": 5})
    assert handler.asked == [json.loads(secrets.credentials.read_bytes())["users"][0]]


@pytest.mark.parametrize(
    ("mode", "in_cookie"),
    [
        (_carrying("bearer"), False),
        (_carrying("cookie", "held"), True),
        (_carrying("cookie+csrf", "held"), True),
        (_carrying("cookie+csrf"), True),
        (_carrying("answer"), True),
        (_carrying("answer"), False),
    ],
)
def test_the_token_is_looked_for_where_it_travels(
    mode: Mode, in_cookie: bool, worker: tuple[type[_Worker], str], secrets: Secrets
) -> None:
    handler, url = worker
    token = _token({"kid": "k1"}, {"iat": 5})
    handler.body = b'{"csrf_token": "c"}' if in_cookie else _in_body(token)
    handler.cookies = ("other=x; Path=/", f"held={token}; Path=/; HttpOnly") if in_cookie else ()
    assert token_parts(url, secrets, mode) == ({"kid": "k1"}, {"iat": 5})


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_an_answer_without_any_token_is_told_however_it_travels(
    credential: Credential, worker: tuple[type[_Worker], str], secrets: Secrets
) -> None:
    handler, url = worker
    handler.cookies = ("other=x; Path=/",)
    with pytest.raises(LabError, match=r"gave no token: \w+Error$"):
        token_parts(url, secrets, _carrying(credential))


@pytest.mark.parametrize("body", [b"no JSON", b"{}", b'{"access_token": "ab"}', b'{"access_token": "YQ.YQ.YQ"}'])
def test_an_answer_without_a_token_is_told_without_its_text(
    body: bytes, worker: tuple[type[_Worker], str], secrets: Secrets
) -> None:
    handler, url = worker
    handler.body = body
    with pytest.raises(LabError, match=r"gave no token: \w+Error$"):
        token_parts(url, secrets, _carrying("bearer"))


def test_a_worker_that_is_away_gave_no_token(secrets: Secrets) -> None:
    with pytest.raises(LabError, match="gave no token: ConnectionRefusedError"):
        token_parts(_nobody(), secrets, _carrying("bearer"))
