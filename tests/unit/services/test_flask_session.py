"""Flask-Session: it keeps the contract while the store fails, and what it can't do is shown here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from authlab.host.ports import free_port
from authlab.stack.local_store import LocalStore
from authlab.stack.secrets import Secrets
from tests.unit.services.service import Service, credential_in, reason

pytestmark = pytest.mark.stack

ITEM = {"item": "i1"}


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    """The extension in a store of its own."""
    return make_service("flask_session")


@pytest.fixture
def admin(store: LocalStore, secrets: Secrets) -> Iterator[redis.Redis]:
    """A client of one's own, to look behind the service."""
    with redis.Redis(port=store.port, password=secrets.store_password) as client:
        yield client


@contextmanager
def under_way(service: Service, path: str, credential: dict[str, str], **request: object) -> Iterator[None]:
    """A request whose session has been read, and which does its work when the block is over."""
    app = service.client.application
    context = app.test_request_context(path, headers=credential, **request)
    context.push()
    try:
        yield
        assert app.full_dispatch_request().status_code == 200
    finally:
        context.pop()


def test_of_two_additions_at_once_one_is_lost(service: Service) -> None:
    credential = service.log_in()
    with under_way(service, "/cart/items", credential, method="POST", json={"item": "slow"}):
        assert service.post("/cart/items", {"item": "fast"}, credential).status_code == 200
    answer = service.get("/cart", credential)
    assert answer.json is not None
    assert answer.json["cart"] == {"slow": 1}


def test_of_several_cookies_of_its_name_only_the_first_counts(service: Service) -> None:
    live = service.log_in()["Cookie"]
    assert service.get("/me", {"Cookie": f"{live}; authlab_session=stale"}).status_code == 200
    stale_first = {"Cookie": f"authlab_session=stale; {live}"}
    assert reason(service.get("/me", stale_first)) == (401, "unknown_session")


def test_a_request_that_is_under_way_brings_a_session_back_that_was_logged_out(service: Service) -> None:
    credential = service.log_in()
    with under_way(service, "/me", credential):
        assert service.post("/logout", None, credential).status_code == 204
        assert reason(service.get("/me", credential)) == (401, "unknown_session")
    assert service.get("/me", credential).status_code == 200


def test_the_store_holds_the_ids_themselves(service: Service, admin: redis.Redis) -> None:
    session_id = service.log_in()["Cookie"].partition("=")[2]
    assert service.settings.redis is not None
    assert admin.exists(f"{service.settings.redis.prefix}session:{session_id}")


def test_a_full_store_refuses_changes_and_still_serves_what_it_holds(service: Service, admin: redis.Redis) -> None:
    credential = service.log_in()
    service.post("/cart/items", ITEM, credential)
    admin.config_set("maxmemory", "1")
    try:
        for headers in ({}, credential):  # a new client, and one that logs in again
            answer = service.post("/login", service.users[1], headers)
            assert reason(answer) == (503, "store_full")
            assert answer.headers["Retry-After"] == "1"
            assert answer.headers["X-Worker"] == "worker-1"
            assert "Set-Cookie" not in answer.headers
            assert service.get("/me", credential).json == {"user": "user-0001"}, "a refused log-in ends no session"
        assert reason(service.post("/cart/items", ITEM, credential)) == (503, "store_full")
    finally:
        admin.config_set("maxmemory", "0")
    assert service.get("/cart", credential).json == {"user": "user-0001", "cart": {"i1": 1}}
    renewed = credential_in(service.post("/login", service.users[1], credential))
    assert service.get("/cart", renewed).json == {"user": "user-0002", "cart": {}}
    assert reason(service.get("/me", credential)) == (401, "unknown_session"), "one that succeeds ends the old one"


def test_a_store_that_is_gone_is_a_503_and_no_bug(
    make_service: Callable[..., Service], caplog: pytest.LogCaptureFixture
) -> None:
    with free_port() as nobody:
        service = make_service("flask_session", AUTHLAB_REDIS_PORT=str(nobody.number))
        credential = {"Cookie": f"authlab_session={'x' * 43}"}
        for ask in (
            lambda: service.get("/me", credential),
            lambda: service.get("/cart", credential),
            lambda: service.post("/cart/items", ITEM, credential),
            lambda: service.post("/logout", None, credential),
            lambda: service.post("/login", service.users[0], credential),
            lambda: service.post("/login", service.users[0]),
        ):
            answer = ask()
            assert reason(answer) == (503, "store_unavailable")
            assert answer.headers["Retry-After"] == "1"
            assert "Set-Cookie" not in answer.headers
        assert service.get("/healthz", credential).status_code == 200
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_a_value_that_is_not_ours_is_no_500(service: Service, admin: redis.Redis) -> None:
    credential = service.log_in()
    assert service.settings.redis is not None
    key = f"{service.settings.redis.prefix}session:{credential['Cookie'].partition('=')[2]}"
    admin.delete(key)
    admin.lpush(key, "x")
    assert reason(service.get("/me", credential)) == (503, "store_unavailable")


def test_an_idle_session_goes_by_itself(make_service: Callable[..., Service]) -> None:
    service = make_service("flask_session", AUTHLAB_SESSION_IDLE_S="1")
    credential = service.log_in()
    time.sleep(1.2)
    assert reason(service.get("/me", credential)) == (401, "unknown_session")
