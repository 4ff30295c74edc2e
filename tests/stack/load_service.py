"""A service of the tests' own that keeps the lab's HTTP contract and misbehaves when told to.

In this process, so that a test can turn its knobs and look at what arrived. Threads and the standard library only.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import select
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Knobs:
    """What a test may change while the service runs."""

    style: str = "cookie"  # cookie, token, none
    refuse_logins: int = 0  # so many log-ins from now on are answered 503
    forget_sessions: bool = False  # every credential is refused from the moment this is set
    forget_every: int = 0  # every so many requests, every credential
    wrong_identity: bool = False
    drop_every_write: bool = False
    bad_gateway: bool = False  # 502 without X-Worker, as nginx makes it
    break_worker: bool = False  # 500 with X-Worker
    prefix: str = ""  # the path under which everything is; elsewhere is nothing
    cookie_for_s: int = 0  # so long lives a session's cookie, and the session hardly longer
    slow_s: float = 0.0
    slow_login_s: float = 0.0
    stall: threading.Event = field(default_factory=threading.Event)  # while cleared, requests wait

    def __post_init__(self) -> None:
        self.stall.set()


class LoadService:
    """Context manager: `url`, `knobs`, and `seen`, the requests as (method, path, headers)."""

    def __init__(self, **knobs: Any) -> None:
        self.knobs = Knobs(**knobs)
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.sessions: dict[str, str] = {}
        self.ends: dict[str, float] = {}
        self.carts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self.lock = threading.Lock()
        self.hung_up: list[bool] = []  # for each log-in that was slow, whether its client was gone before the answer
        self.issued = itertools.count(1)
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> LoadService:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.knobs.stall.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()

    def of(self, path: str) -> list[dict[str, str]]:
        """Headers of all requests to one path."""
        return [headers for _, seen, headers in self.seen if seen == path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._connections: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection: its thread would serve it beyond the server's end."""
        self._connections.append(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """Cut the connections that are still open."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news to a test."""


def _handler(service: LoadService) -> type[BaseHTTPRequestHandler]:
    knobs = service.knobs

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # one write per answer

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._serve(self._get)

        def do_POST(self) -> None:
            self._serve(self._post)

        def _serve(self, answer: Callable[[dict[str, Any]], None]) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            service.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            if not self.path.startswith(knobs.prefix + "/"):
                self._send(404, {"reason": "not_found"})
                return
            self.path = self.path.removeprefix(knobs.prefix)
            knobs.stall.wait(30)
            if knobs.slow_s:
                time.sleep(knobs.slow_s)
            if knobs.bad_gateway:
                self._send(502, {}, worker=False)
            elif knobs.break_worker:
                self._send(500, {"reason": "bug, with a comma"})
            else:
                answer(body)

        def _get(self, _: dict[str, Any]) -> None:
            session, user = self._who()
            if user is None:
                return self._send(401, {"reason": "unknown_session"})
            if knobs.wrong_identity:
                user = "someone-else"
            cart = self._cart(session)
            return self._send(200, {"user": user} if self.path == "/me" else {"user": user, "cart": cart})

        def _post(self, body: dict[str, Any]) -> None:
            if self.path == "/login":
                return self._login(body)
            session, user = self._who()
            if user is None:
                return self._send(401, {"reason": "unknown_session"})
            answer: dict[str, Any] = {"user": "someone-else" if knobs.wrong_identity else user}
            with service.lock:
                cart = self._cart(session)
                if not knobs.drop_every_write:
                    cart[body["item"]] = cart.get(body["item"], 0) + 1
                if knobs.style == "token":
                    renewed = f"t{next(service.issued)}"
                    service.sessions[renewed] = user
                    service.carts[renewed] = dict(cart)
                    answer |= {"access_token": renewed, "token_type": "Bearer", "expires_in": 3600}
            return self._send(200, answer | {"cart": cart})

        def _login(self, body: dict[str, Any]) -> None:
            if knobs.slow_login_s:
                news, _, _ = select.select([self.connection], [], [], knobs.slow_login_s)
                service.hung_up.append(bool(news) and self.connection.recv(1, socket.MSG_PEEK) == b"")
            with service.lock:
                if knobs.refuse_logins > 0:
                    knobs.refuse_logins -= 1
                    return self._send(503, {"reason": "full"})
                session = f"t{next(service.issued)}"
                service.sessions[session] = body["username"]
                service.ends[session] = time.monotonic() + (knobs.cookie_for_s or 1e6) + 0.3
            answer = {"user": body["username"]}
            if knobs.style == "token":
                return self._send(200, answer | {"access_token": session, "expires_in": 3600})
            cookies = ["authlab_route=abc; Path=/; HttpOnly"]
            if knobs.style == "cookie":
                ends = f"; Max-Age={knobs.cookie_for_s}" if knobs.cookie_for_s else ""
                cookies.append(f"authlab_session={session}; Path=/; HttpOnly; SameSite=Lax{ends}")
            return self._send(200, answer | {"expires_in": 1800}, cookies=cookies)

        def _who(self) -> tuple[str, str | None]:
            cookies = dict(pair.split("=", 1) for pair in (self.headers.get("Cookie") or "").split("; ") if pair)
            if knobs.style == "none":
                return "", self.headers.get("X-Lab-User")
            session = cookies.get("authlab_session", "")
            if knobs.style == "token":
                session = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if knobs.forget_sessions or (knobs.forget_every and len(service.seen) % knobs.forget_every == 0):
                service.sessions.clear()
                knobs.forget_sessions = False
            if time.monotonic() > service.ends.get(session, math.inf):
                return session, None
            return session, service.sessions.get(session)

        def _cart(self, session: str) -> dict[str, int]:
            if knobs.style != "none":
                return service.carts[session]
            pairs = (pair.split("*") for pair in (self.headers.get("X-Lab-Cart") or "").split())
            return {item: int(count) for item, count in pairs}

        def _send(
            self, status: int, body: dict[str, Any], worker: bool = True, cookies: list[str] | None = None
        ) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            if worker:
                self.send_header("X-Worker", "worker-1")
            for cookie in cookies or []:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

    return Handler
