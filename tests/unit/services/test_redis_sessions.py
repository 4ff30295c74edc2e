"""Sessions in Redis: one round trip a request, expiry by Redis itself, and no harm from a Redis that forgot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from services.session_ids import session_digest

from authlab.stack.local_store import LocalStore
from authlab.stack.secrets import Secrets
from tests.unit.services.service import Service, reason

pytestmark = pytest.mark.stack

MakeService = Callable[..., Service]


@pytest.fixture(params=["redis", "redis_lean"])
def state(request: pytest.FixtureRequest) -> str:
    """Each link to Redis in turn."""
    name: str = request.param
    return name


@pytest.fixture
def admin(store: LocalStore, secrets: Secrets) -> Iterator[redis.Redis]:
    """A client of one's own, to look behind the service."""
    with redis.Redis(port=store.port, password=secrets.store_password) as client:
        yield client


def commands_of(admin: redis.Redis, work: Callable[[], object]) -> dict[str, int]:
    """How often which command was called while `work` ran. Scripts count as one, what they call is not a trip."""
    admin.config_resetstat()
    work()
    stats = admin.info("commandstats")
    calls = {name.removeprefix("cmdstat_").split("|")[0]: row["calls"] for name, row in stats.items()}
    return {name: count for name, count in calls.items() if name not in ("info", "config", "get", "set", "auth")}


def key_of(service: Service, credential: dict[str, str]) -> str:
    """The session's key in Redis."""
    digest = session_digest(credential["Cookie"].partition("=")[2])
    assert digest is not None
    assert service.settings.redis is not None
    return f"{service.settings.redis.prefix}session:{digest.hex()}"


def test_a_request_is_one_round_trip(make_service: MakeService, state: str, admin: redis.Redis) -> None:
    service = make_service(state, AUTHLAB_THREADS="1")  # one connection, whose handshake is behind it
    credential = service.log_in()
    add = {"item": "i1"}
    service.post("/cart/items", add, credential)  # Redis knows the script from now on
    for work, expected in (
        (lambda: service.get("/me", credential), {"getex": 1}),
        (lambda: service.get("/cart", credential), {"getex": 1}),
        (lambda: service.post("/cart/items", add, credential), {"evalsha": 1}),
        (lambda: service.post("/logout", None, credential), {"del": 1}),
        (lambda: service.get("/healthz"), {}),
    ):
        assert commands_of(admin, work) == expected


def test_the_value_holds_user_cart_and_end(make_service: MakeService, state: str, admin: redis.Redis) -> None:
    service = make_service(state)
    credential = service.log_in()
    service.post("/cart/items", {"item": "i1", "quantity": 2}, credential)
    raw = admin.get(key_of(service, credential))
    assert isinstance(raw, bytes)
    assert json.loads(raw) == {"u": "user-0001", "x": 1_800_000_000 + 43200, "c": {"i1": 2}}


@pytest.mark.parametrize("use", ["/me", "/cart", "add"])
def test_each_use_begins_the_idle_time_anew(
    make_service: MakeService, state: str, admin: redis.Redis, use: str
) -> None:
    service = make_service(state)
    credential = service.log_in()
    key = key_of(service, credential)
    assert admin.ttl(key) in (1799, 1800)
    admin.expire(key, 10)
    answer = service.post("/cart/items", {"item": "i"}, credential) if use == "add" else service.get(use, credential)
    assert answer.status_code == 200
    assert admin.ttl(key) in (1799, 1800)


def test_an_idle_session_goes_by_itself(make_service: MakeService, state: str, admin: redis.Redis) -> None:
    service = make_service(state, AUTHLAB_SESSION_IDLE_S="1")
    credential = service.log_in()
    time.sleep(1.2)
    assert reason(service.get("/me", credential)) == (401, "unknown_session")
    assert admin.exists(key_of(service, credential)) == 0


def test_a_redis_that_forgot_the_script_learns_it_again(
    make_service: MakeService, state: str, admin: redis.Redis
) -> None:
    service = make_service(state)
    credential = service.log_in()
    service.post("/cart/items", {"item": "i1"}, credential)
    admin.script_flush()
    answer = service.post("/cart/items", {"item": "i1"}, credential)
    assert answer.json == {"user": "user-0001", "cart": {"i1": 2}}


def test_a_redis_that_forgot_everything_is_a_401(make_service: MakeService, state: str, admin: redis.Redis) -> None:
    service = make_service(state)
    credential = service.log_in()
    admin.delete(key_of(service, credential))
    assert reason(service.get("/me", credential)) == (401, "unknown_session")


def test_connections_that_redis_closed_are_not_noticed(
    make_service: MakeService, state: str, admin: redis.Redis
) -> None:
    service = make_service(state)
    credential = service.log_in()
    for _ in range(3):
        admin.client_kill_filter(_type="normal", skipme=True)
        assert service.get("/me", credential).status_code == 200
        admin.client_kill_filter(_type="normal", skipme=True)
        assert service.post("/cart/items", {"item": "i1"}, credential).status_code == 200
    answer = service.get("/cart", credential)
    assert answer.json is not None
    assert answer.json["cart"] == {"i1": 3}, "nothing was added twice"


def test_a_full_redis_refuses_a_log_in_and_keeps_every_session_also_the_one_to_be_replaced(
    make_service: MakeService, state: str, admin: redis.Redis
) -> None:
    service = make_service(state)
    credential = service.log_in()
    admin.config_set("maxmemory", "1")
    try:
        for headers in ({}, credential):  # a new client, and one that logs in again
            answer = service.post("/login", service.users[1], headers)
            assert reason(answer) == (503, "store_full")
            assert answer.headers["Retry-After"] == "1"
            assert "Set-Cookie" not in answer.headers
            assert service.get("/me", credential).json == {"user": "user-0001"}, "a refused log-in ends no session"
    finally:
        admin.config_set("maxmemory", "0")
    assert service.post("/login", service.users[1], credential).status_code == 200
    assert reason(service.get("/me", credential)) == (401, "unknown_session"), "one that succeeds ends the old one"


def test_a_value_that_is_not_ours_is_no_500(make_service: MakeService, state: str, admin: redis.Redis) -> None:
    service = make_service(state)
    credential = service.log_in()
    admin.delete(key_of(service, credential))
    admin.lpush(key_of(service, credential), "x")
    assert reason(service.get("/me", credential)) == (503, "store_unavailable")


def test_no_more_connections_than_threads(make_service: MakeService, state: str, admin: redis.Redis) -> None:
    before = len(admin.client_list())
    service = make_service(state, AUTHLAB_THREADS="4")
    credential = service.log_in()
    with ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(lambda _: service.get("/me", credential).status_code, range(200)))
    assert statuses == {200}
    assert len(admin.client_list()) - before <= 4
