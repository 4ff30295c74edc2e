"""A closed loop without pauses over raw sockets, which keeps one worker saturated at less than half of Locust's cost.

Each slice has an exact number of requests, with none in flight at either end, so that CPU time divides exactly.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import time
from collections.abc import Sequence

from authlab.model.errors import LabError

MIXES = {"me": ("me",) * 10, "mix": ("me",) * 7 + ("cart",) * 2 + ("add",)}
"""Ten requests that repeat: only GET /me, or the lab's mix of 0.7 me, 0.2 cart, 0.1 add."""

ITEMS = 8  # as in loadtests/lab_load/schedule.py
_TIMEOUT_S = 10.0


class ClosedUser:
    """One user on one kept connection, who sends the next request when the last one is answered.

    Keeps whatever credential the log-in gave: a cookie, a token, or its own name; with `keeps_cart` it also tells
    its cart in each request, as the mode `none` wants. Every answer must be 200 and name the user; anything else ends
    the benchmark.
    """

    def __init__(self, port: int, username: str, password: str, seed: int, *, keeps_cart: bool = False) -> None:
        self.username = username
        self._keeps_cart = keeps_cart
        self._told = f'"user":"{username}"'.encode()
        self._credential = ""
        self._rng = random.Random(seed)
        self._orders = {name: self._rng.sample(mix, len(mix)) for name, mix in MIXES.items()}
        self._sent = ""
        self.socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._log_in(password)

    def send(self, mix: str, number: int) -> None:
        """Send request `number` of a mix."""
        self._sent = self._orders[mix][number % 10]
        if self._sent == "add":
            item = f"i{self._rng.randrange(ITEMS) + 1}"
            self.socket.sendall(self._post("/cart/items", {"item": item}))
        else:
            self.socket.sendall(self._me if self._sent == "me" else self._get_cart)

    def receive(self) -> None:
        """Take the answer and check it."""
        head, body = self._answer()
        if self._told not in body:
            raise LabError(f"asked for {self._sent}, {self.username} was answered {body[:200]!r}")
        if self._sent == "add":
            self._keep(head, json.loads(body))

    def _log_in(self, password: str) -> None:
        self.socket.sendall(self._post("/login", {"username": self.username, "password": password}))
        head, body = self._answer()
        self._keep(head, json.loads(body))
        if not self._credential:
            self._credential = f"X-Lab-User: {self.username}\r\n"
        self._prepare()

    def _keep(self, head: bytes, answer: dict[str, object]) -> None:
        if "access_token" in answer:
            self._credential = f"Authorization: Bearer {answer['access_token']}\r\n"
        elif b"\r\nSet-Cookie: " in head and not self._credential:
            cookie = head.split(b"\r\nSet-Cookie: ", 1)[1].split(b";", 1)[0].decode()
            self._credential = f"Cookie: {cookie}\r\n"
        elif self._keeps_cart and "cart" in answer:
            entries = " ".join(f"{item}*{count}" for item, count in answer["cart"].items())  # type: ignore[attr-defined]
            self._credential = f"X-Lab-User: {self.username}\r\nX-Lab-Cart: {entries}\r\n"
        self._prepare()

    def _prepare(self) -> None:
        self._me, self._get_cart = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{self._credential}\r\n".encode() for path in ("/me", "/cart")
        )

    def _post(self, path: str, content: dict[str, str]) -> bytes:
        body = json.dumps(content)
        return (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{self._credential}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _answer(self) -> tuple[bytes, bytes]:
        received = self.socket.recv(65536)
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end]
        start = head.lower().find(b"\r\ncontent-length: ") + 18
        whole = end + 4 + int(head[start:].split(b"\r\n", 1)[0])
        while len(received) < whole:
            received += self._more()
        if not head.startswith(b"HTTP/1.1 200 "):
            raise LabError(f"asked for {self._sent or 'login'}, {self.username} was answered {received[:400]!r}")
        return head, received[end + 4 :]

    def _more(self) -> bytes:
        more = self.socket.recv(65536)
        if not more:
            raise LabError(f"the worker closed the connection of {self.username}")
        return more


def run_slice(users: Sequence[ClosedUser], mix: str, each: int) -> float:
    """Let every user send `each` requests of a mix, all at once; the seconds from the first to the last answer."""
    left = dict.fromkeys(users, each)
    with selectors.DefaultSelector() as waiting:
        for user in users:
            waiting.register(user.socket, selectors.EVENT_READ, user)
        began = time.monotonic()
        for user in users:
            user.send(mix, 0)
        while left:
            ready = waiting.select(_TIMEOUT_S)
            if not ready:
                raise LabError(f"no answer within {_TIMEOUT_S:g} s")
            for key, _ in ready:
                user = key.data
                user.receive()
                left[user] -= 1
                if left[user]:
                    user.send(mix, each - left[user])
                else:
                    del left[user]
                    waiting.unregister(user.socket)
        return time.monotonic() - began
