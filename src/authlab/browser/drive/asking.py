"""Asks the API directly, without the proxy: its record, the content of a cart, the loot of the thieves."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from authlab.host.ports import LOOPBACK

_WITHIN_S = 10.0
Entry = Mapping[str, Any]
_T = TypeVar("_T")


class Asking:
    """The API on its own loopback port."""

    def __init__(self, port: int) -> None:
        self._base = f"http://{LOOPBACK}:{port}"

    def last(self) -> int:
        """The number of the last request so far."""
        entries = self.record(0)
        return int(entries[-1]["number"]) if entries else 0

    def record(self, since: int) -> list[Entry]:
        """The requests after that number."""
        found: list[Entry] = self.call("GET", f"/lab/requests?since={since}")[1]["requests"]
        return found

    def cart(self, user: str) -> dict[str, int]:
        """The user's current cart."""
        found: dict[str, int] = self.call("GET", f"/lab/carts/{user}")[1]["cart"]
        return found

    def loot(self) -> list[Entry]:
        """What was sent to https://evil.test/loot so far."""
        found: list[Entry] = self.call("GET", "/lab/loot")[1]["loot"]
        return found

    def arrived(self, since: int, wanted: Callable[[Entry], bool], within_s: float) -> Entry | None:
        """The first recorded request after `since` that is `wanted`. None if none comes in time."""
        return waited(lambda: next(filter(wanted, self.record(since)), None), within_s)

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of a call by a client that is not a browser, for example the attacker's."""
        data = None if body is None else json.dumps(body).encode()
        more = {
            "X-Forwarded-Proto": "https",
            **({"Content-Type": "application/json"} if data else {}),
            **(headers or {}),
        }
        request = urllib.request.Request(self._base + path, data, more, method=method)  # noqa: S310 - our loopback
        try:
            with urllib.request.urlopen(request, timeout=_WITHIN_S) as answer:  # noqa: S310
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as refusal:
            text, status = refusal.read(), refusal.code
        return status, json.loads(text) if text else None


def waited(look: Callable[[], _T | None], within_s: float, pause_s: float = 0.05) -> _T | None:
    """The result of `look` as soon as there is one. None when the time is over."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found or time.monotonic() >= deadline:
            return found
        time.sleep(pause_s)
