"""The session cookie as browsers get it and give it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from services.cookies import SessionCookie

from tests.unit.services.declared import DECLARED, IN_COOKIES, WITHOUT_COOKIES
from tests.unit.services.service import Service

MakeService = Callable[..., Service]


COOKIES = [(state, DECLARED[state].cookie) for state in IN_COOKIES]


def who_may_have(cookie: str) -> list[str]:
    """The cookie's parts, without the time until which a browser keeps it: extensions add one."""
    return [part for part in cookie.split("; ") if not part.startswith("Expires=")]


@pytest.mark.parametrize(("state", "called"), COOKIES)
def test_scripts_and_other_sites_do_not_get_it(make_service: MakeService, state: str, called: str) -> None:
    service = make_service(state)
    cookie = service.post("/login", service.users[0]).headers["Set-Cookie"]
    name, *attributes = who_may_have(cookie)
    assert name.startswith(f"{called}=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax"]


@pytest.mark.parametrize(("state", "called"), COOKIES)
def test_under_tls_it_is_secure_and_bound_to_the_host(make_service: MakeService, state: str, called: str) -> None:
    service = make_service(state, AUTHLAB_TLS="1")
    cookie = service.post("/login", service.users[0]).headers["Set-Cookie"]
    name, *attributes = who_may_have(cookie)
    assert name.startswith(f"__Host-{called}=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]  # no Domain: what __Host- wants
    assert service.get("/me", {"Cookie": name}).status_code == 200
    assert service.get("/me", {"Cookie": name.removeprefix("__Host-")}).status_code == 401


@pytest.mark.parametrize("state", WITHOUT_COOKIES)
def test_modes_without_sessions_set_none(make_service: MakeService, state: str) -> None:
    service = make_service(state)
    assert "Set-Cookie" not in service.post("/login", service.users[0]).headers


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("authlab_session=a", ["a"]),
        ("authlab_route=x; authlab_session=a", ["a"]),
        ("authlab_route=x;authlab_session=a;b=c", ["a"]),
        ("authlab_session=a; x=y; authlab_session=b", ["a", "b"]),
        ("; ".join(f"authlab_session={number}" for number in range(20)), list("01234567")),
        ("xauthlab_session=a", []),
        ("authlab_session_x=a", []),
        ("authlab_session", [""]),
        ("", []),
        (";;=;", []),
    ],
)
def test_it_is_found_among_others(header: str, found: list[str]) -> None:
    assert list(SessionCookie.under(tls=False).values(header)) == found


@pytest.mark.parametrize(("state", "called"), COOKIES)
@pytest.mark.parametrize("tls", ["0", "1"])
def test_two_instances_on_one_host_do_not_touch_each_others_cookie(
    make_service: MakeService, state: str, called: str, tls: str
) -> None:
    here, there = (make_service(state, AUTHLAB_INSTANCE=port, AUTHLAB_TLS=tls) for port in ("8080", "8081"))
    jar: dict[str, str] = {}
    for service, user in ((here, 0), (there, 1)):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        name, _, value = service.log_in(user, headers)["Cookie"].partition("=")
        jar[name] = value
    assert set(jar) == {("__Host-" if tls == "1" else "") + f"{called}_{port}" for port in ("8080", "8081")}
    both = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
    assert here.get("/me", both).json == {"user": "user-0001"}
    assert there.get("/me", both).json == {"user": "user-0002"}
    answer = there.get("/me", {"Cookie": both["Cookie"].partition(";")[0]})
    assert answer.status_code == 401
