"""Cookies: what a browser would keep is kept, for as long, and sent where a browser would send it."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from lab_load.jar import Jar
from lab_load.site import site_of

NOW = 5_000_000_000
S = 1_000_000_000


def jar(*lines: str, site: str = "http://127.0.0.1:8080", path: str = "/login") -> Jar:
    found = Jar(site_of(site))
    found.take(lines, path, NOW)
    return found


@pytest.mark.parametrize(
    ("line", "left_s"),
    [
        ("a=1", None),
        ("a=1; Max-Age=60", 60),
        ("a=1; max-age = 60 ; Path=/", 60),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", 60),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 60),
        ("a=1; Max-Age=10; Max-Age=60", 60),
        ("a=1; Max-Age=soon", None),
        ("a=1; Max-Age=", None),
        ("a=1; Max-Age=6.5", None),
        ("a=1; Max-Age=99999999999999999999", 400 * 86_400),
        ("a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT", 400 * 86_400),
        ("a=1; Expires=nonsense", None),
        ("a=1; expires=0; secure", None),
    ],
)
def test_an_end_is_read_as_rfc_6265_says(line: str, left_s: int | None) -> None:
    assert jar(line).next_end_ns == (0 if left_s is None else NOW + left_s * S)


@pytest.mark.parametrize("form", ["{}", "dashes"])
def test_a_date_counts_by_the_wall_clock(form: str) -> None:
    date = formatdate(time.time() + 100, usegmt=True)
    if form == "dashes":
        day, number, month, year, rest = date.split(" ", 4)
        date = f"{day} {number}-{month}-{year} {rest}"
    assert 90 * S < jar(f"a=1; Expires={date}").next_end_ns - NOW < 101 * S


@pytest.mark.parametrize(
    "over",
    ["Max-Age=0", "Max-Age=-5", "Max-Age=-99999999999999", "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
     "Max-Age=0; Expires=Thu, 01 Jan 2099 00:00:00 GMT"],
)  # fmt: skip
def test_a_cookie_that_is_over_deletes_the_one_of_its_path(over: str) -> None:
    held = jar("a=1; Path=/", "b=2; Path=/")
    assert held.take([f"a=; Path=/cart; {over}"], "/me", NOW + 1) == set(), "another cookie"
    assert held.take([f"a=; Path=/; {over}"], "/me", NOW + 1) == {"a"}
    assert held.header("/me") == "b=2"


def test_a_value_may_hold_equals_signs_and_what_is_no_cookie_is_not_taken() -> None:
    assert jar("a=b=c", "nameless", "=x", "c=\x01").header("/") == "a=b=c"


@pytest.mark.parametrize(
    ("site", "domain", "taken"),
    [
        ("http://shop.example", "shop.example", True),
        ("http://api.shop.example", "shop.example", True),
        ("http://api.shop.example", ".shop.example", True),
        ("http://api.shop.example", "SHOP.example", True),
        ("http://shop.example", "api.shop.example", False),
        ("http://myshop.example", "shop.example", False),
        ("http://shop.example", "example", False),
        ("http://localhost", "localhost", True),
        ("http://127.0.0.1", "127.0.0.1", True),
        ("http://127.0.0.1", "0.0.1", False),
    ],
)
def test_a_cookie_for_another_domain_is_not_taken(site: str, domain: str, taken: bool) -> None:
    assert bool(jar(f"a=1; Domain={domain}", site=site).names) is taken


@pytest.mark.parametrize(
    ("site", "taken"),
    [
        ("https://shop.example", True),
        ("http://shop.example", False),
        ("http://10.0.0.1", False),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://app.localhost", True),
    ],
)
def test_a_secure_cookie_needs_tls_or_this_machine(site: str, taken: bool) -> None:
    assert bool(jar("a=1; Secure", site=site).names) is taken


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("__Host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Path=/", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/cart", False),
        ("__host-a=1; Secure; Path=/; Domain=127.0.0.1", False),
        ("__Secure-a=1; Secure; Path=/cart", True),
        ("__Secure-a=1", False),
    ],
)
def test_a_prefix_in_a_name_is_a_promise_that_is_checked(line: str, taken: bool) -> None:
    assert bool(jar(line).names) is taken


def test_only_what_has_expired_is_dropped() -> None:
    held = jar("a=1; Max-Age=1", "b=2; Max-Age=9", "c=3")
    assert held.drop_expired(NOW + 2 * S) == {"a"}
    assert held.header("/") == "b=2; c=3"
    assert held.next_end_ns == NOW + 9 * S
