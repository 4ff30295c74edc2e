"""Calls that another site makes a browser send, against the token in a cookie: what is refused, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.services.declared import WITH_CSRF
from tests.unit.services.service import Service, reason

MakeService = Callable[..., Service]
ITEM = {"item": "i1"}
OWN = "http://localhost"  # what Werkzeug's client calls us


@pytest.fixture(params=WITH_CSRF)
def state(request: pytest.FixtureRequest) -> str:
    """Each way of keeping state whose cookie is guarded by a CSRF token."""
    return str(request.param)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": OWN}, 200),
        ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, 200),  # a listed origin would say so, too
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "http://localhost.evil.test"}, 403),
        ({"Origin": "http://sub.localhost"}, 403),
        ({"Origin": "http://evil.test/localhost"}, 403),
        ({"Origin": "http://localhost/"}, 403),
        ({"Origin": "localhost"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": f"{OWN}, {OWN}"}, 403),
        ({"Origin": "http://", "Host": ""}, 403),
        ({"Origin": "http://evil.test", "X-Forwarded-Host": "evil.test"}, 403),
        ({"Origin": "http://évil.test"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
    ],
)
def test_the_origin_of_a_call_decides_before_anything_else(
    make_service: MakeService, state: str, headers: dict[str, str], status: int
) -> None:
    service = make_service(state)
    credential = service.log_in()
    calls = (("/login", service.users[0], {}), ("/cart/items", ITEM, credential), ("/logout", None, credential))
    for path, body, sent in calls:
        answer = service.post(path, body, {**sent, **headers})
        assert answer.status_code == (204 if status == 200 and path == "/logout" else status), path
        if status == 403:
            assert reason(answer) == (403, "forged")
            assert "Set-Cookie" not in answer.headers
            assert service.post(path, {"username": "nobody"}, headers).status_code == 403, "nothing else is looked at"


def test_reading_is_nobodys_harm(make_service: MakeService, state: str) -> None:
    service = make_service(state)
    headers = {"Cookie": service.log_in()["Cookie"], "Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
    assert service.get("/cart", headers).json == {"user": "user-0001", "cart": {}}


def test_an_origin_that_is_listed_may_call(make_service: MakeService, state: str) -> None:
    service = make_service(state, AUTHLAB_ORIGINS="https://shop.example,http://localhost:5173")
    for origin, status in (("https://shop.example", 200), ("http://localhost:5173", 200), ("http://shop.example", 403)):
        assert service.post("/login", service.users[0], {"Origin": origin}).status_code == status


def test_under_tls_the_services_own_origin_is_https(make_service: MakeService, state: str) -> None:
    service = make_service(state, AUTHLAB_TLS="1")
    for origin, status in (("https://localhost", 200), (OWN, 403)):
        assert service.post("/login", service.users[0], {"Origin": origin}).status_code == status


@pytest.mark.parametrize("change", ["", "x", "same but last", "same and more", "upper case", "é", "of another log-in"])
def test_a_csrf_token_must_be_that_of_the_log_in(make_service: MakeService, state: str, change: str) -> None:
    service = make_service(state)
    credential = service.log_in()
    right = credential["X-CSRF-Token"]
    wrong = {
        "same but last": right[:-1],
        "same and more": right + "A",
        "upper case": right.swapcase(),
        "of another log-in": service.log_in()["X-CSRF-Token"],
    }.get(change, change)
    for path, body in (("/cart/items", ITEM), ("/logout", None)):
        answer = service.post(path, body, {**credential, "X-CSRF-Token": wrong})
        assert reason(answer) == (403, "csrf")
        assert "Set-Cookie" not in answer.headers
    assert service.post("/cart/items", ITEM, credential).status_code == 200


def test_every_log_in_has_a_csrf_token_of_its_own_with_128_bits(make_service: MakeService, state: str) -> None:
    service = make_service(state)
    tokens = [service.log_in()["X-CSRF-Token"] for _ in range(50)]
    assert len(set(tokens)) == 50
    assert {len(token) for token in tokens} == {22}


def test_a_call_without_credential_is_not_told_about_csrf(make_service: MakeService, state: str) -> None:
    service = make_service(state)
    assert reason(service.post("/logout", None, {"X-CSRF-Token": "x"})) == (401, "missing")
