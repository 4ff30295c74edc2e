"""Tokens in cookies: several of one name, and a log-out with a token that is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.services.declared import BEARER, DECLARED, PLAIN_TOKENS, WITH_CSRF
from tests.unit.services.service import Clock, Service, reason

MakeService = Callable[..., Service]
TTL_S = 3600


@pytest.fixture(params=WITH_CSRF)
def service(request: pytest.FixtureRequest, make_service: MakeService) -> Service:
    """Each state with a token in a cookie, in turn."""
    return make_service(request.param)


def together(*credentials: dict[str, str]) -> dict[str, str]:
    """The headers of a browser that has all these cookies, and shows the last page's CSRF token."""
    cookies = "; ".join(credential["Cookie"] for credential in credentials)
    return {**credentials[-1], "Cookie": cookies}


def of(service: Service, token: str) -> dict[str, str]:
    return {"Cookie": f"{DECLARED[service.settings.state].cookie}={token}"}


@pytest.mark.parametrize("stale", ["expired", "junk", "empty"])
def test_a_stale_cookie_of_the_same_name_before_the_live_one_does_no_harm(
    service: Service, clock: Clock, stale: str
) -> None:
    before = service.log_in(0) if stale == "expired" else of(service, "" if stale == "empty" else "a.b.c")
    clock.now += TTL_S
    live = service.log_in(1, before)
    presented = together(before, live)
    assert service.get("/me", presented).json == {"user": "user-0002"}
    assert service.post("/cart/items", {"item": "i1"}, presented).status_code == 200
    assert service.post("/logout", None, presented).status_code == 204


def test_of_several_live_tokens_the_csrf_token_tells_which_one_a_change_is_for(service: Service) -> None:
    planted, own = service.log_in(0), service.log_in(1)
    answer = service.post("/cart/items", {"item": "i1"}, together(planted, own))
    assert answer.json is not None
    assert answer.json["user"] == "user-0002"
    without = {name: value for name, value in together(planted, own).items() if name == "Cookie"}
    for path, body in (("/cart/items", {"item": "i1"}), ("/logout", None)):
        assert reason(service.post(path, body, without)) == (403, "csrf")


def test_log_out_with_a_token_that_is_over_takes_the_cookie_away(service: Service, clock: Clock) -> None:
    expired = service.log_in()
    clock.now += TTL_S
    for credential in (expired, {"Cookie": expired["Cookie"]}, of(service, "a.b.c")):
        answer = service.post("/logout", None, credential)
        assert (answer.status_code, answer.data) == (204, b"")
        assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert reason(service.post("/logout")) == (401, "missing")
    page = {**expired, "Origin": "https://evil.test"}
    assert reason(service.post("/logout", None, page)) == (403, "forged")


@pytest.mark.parametrize("state", [state for state in BEARER if state in PLAIN_TOKENS])
def test_log_out_with_a_bearer_token_that_has_expired_is_done_and_with_a_wrong_one_refused(
    make_service: MakeService, clock: Clock, state: str
) -> None:
    service = make_service(state)
    expired = service.log_in()
    clock.now += TTL_S
    assert reason(service.get("/me", expired)) == (401, "expired")
    assert service.post("/logout", None, expired).status_code == 204
    for token, why in (("a.b.c", "malformed"), (expired["Authorization"][7:-3] + "AAA", "bad_signature")):
        assert reason(service.post("/logout", None, {"Authorization": f"Bearer {token}"})) == (401, why)
