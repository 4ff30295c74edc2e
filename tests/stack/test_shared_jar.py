"""One browser and several cookies: a page that sends many requests at once, and two instances on one host."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest
from web_client import Browser

from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack

BY_COOKIE = ("sticky-cookie", "hash", "consistent-hash")
ROUTED = [mode.name for mode in MODES.values() if mode.routing in BY_COOKIE]
WITH_COOKIE = [name for name in ("sticky", "hash", "redis", "jwt-cookie") if name in MODES]
PAGES = 12
TRIES = 15


@pytest.fixture(scope="module")
def stacks(stand_up: StandUp) -> Iterator[LocalStacks]:
    """Two modes of each kind are enough as two instances on one host."""
    with stand_up(*dict.fromkeys([*ROUTED, *WITH_COOKIE]), workers=3) as standing:
        yield standing


@pytest.mark.parametrize("mode", ROUTED)
def test_a_log_in_among_many_first_requests_at_once_is_not_lost(
    stacks: LocalStacks, secrets: Secrets, mode: str
) -> None:
    stack = stacks.stacks[mode]
    account = json.loads(secrets.credentials.read_text())["users"][0]
    for _ in range(TRIES):
        jar: dict[str, str] = {}
        together = threading.Barrier(PAGES + 1)

        def page(number: int, jar: dict[str, str] = jar, together: threading.Barrier = together) -> int:
            alone = Browser(stack.url)  # no cookie yet; the last answer to arrive decides, as in a browser
            together.wait(20)
            said = alone.post("/login", account) if number == 0 else alone.get("/healthz" if number % 2 else "/me")
            jar.update(alone.cookies)
            return said.status

        with ThreadPoolExecutor(PAGES + 1) as pool:
            assert next(iter(pool.map(page, range(PAGES + 1)))) == 200
        assert Browser(stack.url, cookies=jar).get("/me").status == 200


def test_instances_on_one_host_leave_each_others_cookies_alone(stacks: LocalStacks, secrets: Secrets) -> None:
    jar: dict[str, str] = {}
    for mode in WITH_COOKIE:
        Browser(stacks.stacks[mode].url, cookies=jar).log_in(secrets)
    for mode in WITH_COOKIE:
        answers = [Browser(stacks.stacks[mode].url, cookies=jar).get("/me") for _ in range(3)]
        assert [answer.status for answer in answers] == [200] * 3, mode
