"""The calls of the contract, in each way of keeping state."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.services.declared import ALL, AUTHENTICATING, DECLARED, SIGNED
from tests.unit.services.service import Service, credential_in, reason

MakeService = Callable[..., Service]


@pytest.fixture(params=ALL)
def service(request: pytest.FixtureRequest, make_service: MakeService) -> Service:
    """Each way of keeping state in turn."""
    return make_service(request.param)


@pytest.fixture(params=AUTHENTICATING)
def authenticating(request: pytest.FixtureRequest, make_service: MakeService) -> Service:
    """Each that deserves the name."""
    return make_service(request.param)


def test_a_log_in_gives_a_credential_that_tells_who_asks(service: Service) -> None:
    credential = service.log_in(1)
    answer = service.get("/me", credential)
    assert (answer.status_code, answer.json) == (200, {"user": "user-0002"})


def test_a_cart_belongs_to_the_log_in(service: Service) -> None:
    first, second = service.log_in(), service.log_in()
    for item, quantity in (("i1", 2), ("i2", 1), ("i1", 3)):
        answer = service.post("/cart/items", {"item": item, "quantity": quantity}, first)
        assert answer.status_code == 200, answer.text
        first |= credential_in(answer) if service.settings.state in SIGNED else {}
        if DECLARED[service.settings.state].credential == "header":  # the client keeps it
            assert answer.json is not None
            first["X-Lab-Cart"] = " ".join(f"{name}*{count}" for name, count in answer.json["cart"].items())
    assert service.get("/cart", first).json == {"user": "user-0001", "cart": {"i1": 5, "i2": 1}}
    assert service.get("/cart", second).json == {"user": "user-0001", "cart": {}}


def test_the_quantity_is_one_where_none_is_given(service: Service) -> None:
    answer = service.post("/cart/items", {"item": "i1"}, service.log_in())
    assert answer.json is not None
    assert answer.json["cart"] == {"i1": 1}


@pytest.mark.parametrize("path", ["/me", "/cart"])
def test_without_a_credential_the_answer_is_401_and_a_challenge(service: Service, path: str) -> None:
    answer = service.get(path)
    assert reason(answer) == (401, "missing")
    assert answer.headers["WWW-Authenticate"] == service.state.challenge


def test_without_a_credential_nothing_is_added_and_nobody_logged_out(service: Service) -> None:
    assert reason(service.post("/cart/items", {"item": "i1"})) == (401, "missing")
    assert reason(service.post("/logout")) == (401, "missing")


def test_an_unknown_user_and_a_wrong_password_are_answered_alike(authenticating: Service) -> None:
    known = authenticating.users[0]["username"]
    answers = [authenticating.post("/login", {"username": user, "password": "guess"}) for user in (known, "nobody")]
    assert [reason(answer) for answer in answers] == [(401, "bad_credentials")] * 2
    assert answers[0].data == answers[1].data
    assert list(answers[0].headers) == list(answers[1].headers)


def test_none_believes_everybody_who_is_known(make_service: MakeService) -> None:
    service = make_service("none")
    assert service.post("/login", {"username": "user-0001", "password": "guess"}).status_code == 200
    assert reason(service.post("/login", {"username": "nobody", "password": "guess"})) == (401, "bad_credentials")
    assert reason(service.get("/me", {"X-Lab-User": "nobody"})) == (401, "unknown_session")


def test_public_calls_need_no_credential_and_make_none(service: Service) -> None:
    for path, member in (("/", "service"), ("/healthz", "worker")):
        answer = service.get(path)
        assert answer.status_code == 200
        assert member in (answer.json or {})
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("call", ["/", "/healthz", "/me", "/cart", "/nowhere", "/login", "/logout"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_every_answer_names_its_worker_and_may_not_be_kept(make_service: MakeService, call: str, method: str) -> None:
    answer = make_service("memory").client.open(call, method=method)
    assert answer.status_code < 500
    assert answer.headers["X-Worker"] == "worker-1"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_preflight_is_not_granted(service: Service) -> None:
    answer = service.client.options("/cart/items", headers={"Origin": "https://a.test"})
    assert reason(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", ["/refresh", "/.well-known/jwks.json", "/nowhere", "/me/", "/static/x"])
def test_what_a_mode_does_not_have_is_not_found(service: Service, path: str) -> None:
    assert reason(service.get(path)) == (404, "not_found")
    assert reason(service.post(path, {})) == (404, "not_found")


def test_a_user_who_is_removed_loses_all_credentials(authenticating: Service) -> None:
    credential = authenticating.log_in()
    del authenticating.settings.users._hashes[authenticating.users[0]["username"]]
    assert reason(authenticating.get("/me", credential)) == (401, "revoked")
    assert reason(authenticating.get("/cart", credential)) == (401, "revoked")
    assert reason(authenticating.post("/cart/items", {"item": "i1"}, credential)) == (401, "revoked")


def test_a_bug_is_a_problem_without_a_trace(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service("memory")
    monkeypatch.setattr(service.state, "session", lambda _environ: 1 / 0)
    answer = service.get("/me")
    assert reason(answer) == (500, "internal_error")
    assert "Zero" not in answer.text
    assert "ZeroDivisionError" in caplog.text
