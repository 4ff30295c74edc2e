"""A store that is away: a quick 503, never a 401, and back again by itself. Over each kind of link."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from services.problems import Problem
from services.redis_client import RedisClient
from services.redis_sessions import Link
from services.session_ids import new_session_id
from services.settings import STORE_TIMEOUT_S, RedisSettings
from services.states.redis_lean import LeanLink
from services.store_breaker import FAIL_FAST_S

from authlab.stack.local_store import LocalStore
from authlab.stack.secrets import Secrets
from tests.unit.services.gate import Gate
from tests.unit.services.service import Service, reason

pytestmark = pytest.mark.stack

STATES = ("redis", "redis_lean")
LINKS: dict[str, Callable[..., Link]] = {"redis": RedisClient, "redis_lean": LeanLink}
each_link = pytest.mark.parametrize("link_of", LINKS.values(), ids=LINKS)
WITHIN_S = 0.6
CALLS = ("/me", "/cart", "/cart/items", "/logout")


@pytest.fixture
def gate(store: LocalStore) -> Iterator[Gate]:
    """A gate in front of the store."""
    standing = Gate(store.port)
    yield standing
    standing.close()


@pytest.fixture(params=STATES)
def service(make_service: Callable[..., Service], gate: Gate, request: pytest.FixtureRequest) -> Service:
    """Sessions in a store behind the gate."""
    return make_service(request.param, AUTHLAB_REDIS_PORT=str(gate.port))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block must not take longer."""
    begin = time.monotonic()
    yield
    took = time.monotonic() - begin
    assert took < seconds, f"took {took * 1000:.0f} ms"


def call(service: Service, path: str, credential: dict[str, str]) -> tuple[int, str]:
    """Status and reason of a call with a credential, which must say when to come back."""
    if path in ("/me", "/cart"):
        answer = service.get(path, credential)
    else:
        answer = service.post(path, {"item": "i1"} if path == "/cart/items" else None, credential)
    assert answer.headers.get("Retry-After") == "1"
    return reason(answer)


@pytest.mark.parametrize("path", CALLS)
def test_a_store_that_is_gone_is_a_503_at_once(service: Service, gate: Gate, path: str) -> None:
    credential = service.log_in()
    gate.close()
    with within(0.3):
        assert call(service, path, credential) == (503, "store_unavailable")


@pytest.mark.parametrize("path", CALLS)
def test_a_store_that_is_silent_is_a_503_within_600_ms(service: Service, gate: Gate, path: str) -> None:
    credential = service.log_in()
    gate.silent = True
    with within(WITHIN_S):
        assert call(service, path, credential) == (503, "store_unavailable")


def test_nobody_can_log_in_while_it_is_silent_and_nobody_is_told_it_was_the_password(
    service: Service, gate: Gate
) -> None:
    gate.silent = True
    with within(WITHIN_S + 0.1):  # the password is checked first
        answer = service.post("/login", service.users[0])
    assert reason(answer) == (503, "store_unavailable")
    assert "Set-Cookie" not in answer.headers


def test_a_crowd_does_not_wait_for_a_silent_store_one_after_the_other(service: Service, gate: Gate) -> None:
    credential = service.log_in()
    gate.silent = True
    with within(3 * WITHIN_S), ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call(service, "/me", credential), range(400)))
    assert set(answers) == {(503, "store_unavailable")}


def test_it_comes_back_by_itself_and_nobody_was_logged_out(service: Service, gate: Gate) -> None:
    credential = service.log_in()
    gate.silent = True
    assert call(service, "/me", credential) == (503, "store_unavailable")
    gate.silent = False
    time.sleep(FAIL_FAST_S + 0.05)
    assert service.get("/me", credential).json == {"user": "user-0001"}


def test_one_connection_that_breaks_is_not_an_outage(service: Service, gate: Gate) -> None:
    credential = service.log_in()
    for path in ("/me", "/cart"):
        gate.cut()
        assert service.get(path, credential).status_code == 200
    gate.lose_next_reply = True
    assert service.get("/me", credential).status_code == 200, "reading may be repeated"


def test_an_addition_whose_reply_was_lost_is_not_made_twice(service: Service, gate: Gate) -> None:
    credential = service.log_in()
    service.post("/cart/items", {"item": "i1"}, credential)
    gate.lose_next_reply = True
    assert call(service, "/cart/items", credential) == (503, "store_unavailable")
    time.sleep(FAIL_FAST_S + 0.05)
    answer = service.get("/cart", credential)
    assert answer.json is not None
    assert answer.json["cart"] == {"i1": 2}, "the one that was lost on the way back, once"


@each_link
def test_while_it_is_away_one_request_tries_and_the_others_are_answered_at_once(
    gate: Gate, secrets: Secrets, link_of: Callable[..., Link]
) -> None:
    now = 100.0
    settings = RedisSettings("127.0.0.1", gate.port, "", None, secrets.store_password)
    link = link_of(settings, size=2, clock=lambda: now)
    gate.silent = True
    with pytest.raises(Problem):
        link.read("nothing", 1)
    with within(0.05), pytest.raises(Problem):
        link.read("nothing", 1)
    now += FAIL_FAST_S
    begin = time.monotonic()
    with pytest.raises(Problem):
        link.read("nothing", 1)
    assert time.monotonic() - begin >= STORE_TIMEOUT_S * 0.9, "its turn to try"
    gate.silent = False
    now += FAIL_FAST_S
    assert link.read("nothing", 1) is None


@each_link
def test_a_wrong_password_is_a_store_that_is_away_and_is_in_no_message(
    store: LocalStore, caplog: pytest.LogCaptureFixture, link_of: Callable[..., Link]
) -> None:
    wrong = new_session_id()
    link = link_of(RedisSettings("127.0.0.1", store.port, "", None, wrong), size=1)
    with pytest.raises(Problem) as refused:
        link.read("nothing", 1)
    assert refused.value.reason == "store_unavailable"
    assert "is away" in caplog.text
    assert wrong not in caplog.text
    assert wrong not in repr(RedisSettings("h", 1, "", None, wrong))


@each_link
def test_a_store_that_is_slower_than_the_limit_is_away_and_a_longer_limit_takes_it_back(
    gate: Gate, secrets: Secrets, link_of: Callable[..., Link]
) -> None:
    gate.delay_s = 0.25
    address = ("127.0.0.1", gate.port, "", None, secrets.store_password)
    with pytest.raises(Problem, match="store_unavailable"):
        link_of(RedisSettings(*address), size=1).read("nothing", 1)
    assert link_of(RedisSettings(*address, timeout_s=2.0), size=1).read("nothing", 1) is None
