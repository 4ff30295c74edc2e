"""The credential: whatever the service gives is sent back, numbered, and never shown."""

from __future__ import annotations

import pytest

from lab_load.credential import Credential
from lab_load.site import site_of

NOW = 5_000_000_000

BODY: dict[str, object] = {"access_token": "t1", "csrf_token": "c1"}
"""Of an answer that has everything, beside a cookie."""


@pytest.mark.parametrize(
    ("way", "headers", "unsafe"),
    [
        ("bearer", {"Cookie": "s=s1", "Authorization": "Bearer t1"}, {}),
        ("cookie", {"Cookie": "s=s1"}, {}),
        ("cookie+csrf", {"Cookie": "s=s1"}, {"X-CSRF-Token": "c1"}),
        ("header", {"Cookie": "s=s1", "X-Lab-User": "user-0001"}, {}),
        ("answer", {"Cookie": "s=s1", "Authorization": "Bearer t1"}, {"X-CSRF-Token": "c1"}),
    ],
)
def test_of_an_answer_only_what_is_to_travel_is_sent_as_proof(
    way: str, headers: dict[str, str], unsafe: dict[str, str]
) -> None:
    credential = Credential("user-0001", way)
    assert credential.logged_in(BODY, ["s=s1"], NOW)
    assert credential.headers == headers
    assert credential.unsafe_headers == {**headers, **unsafe}


@pytest.mark.parametrize(
    ("way", "body", "cookies"),
    [
        ("bearer", {}, ["s=s1"]),
        ("bearer", {"access_token": "a\nb"}, []),
        ("cookie", {"access_token": "t1"}, ["authlab_route=r1"]),
        ("cookie+csrf", {}, ["s=s1"]),
        ("cookie+csrf", {"csrf_token": "c1"}, []),
    ],
)
def test_an_answer_without_what_is_to_travel_is_told(way: str, body: dict[str, object], cookies: list[str]) -> None:
    assert not Credential("user-0001", way).logged_in(body, cookies, NOW)


def test_a_cookie_that_proves_nothing_is_no_new_credential() -> None:
    credential = Credential("user-0001", "bearer")
    credential.logged_in(BODY, ["seen=1"], NOW)
    credential.answered(["seen=2"], NOW + 1, {})
    assert credential.number == 1
    assert credential.headers["Cookie"] == "seen=2"


def logged_in(body: dict[str, object], *cookies: str) -> Credential:
    credential = Credential("user-0001")
    credential.logged_in(body, cookies, NOW)
    return credential


def test_a_token_is_sent_as_bearer_and_its_end_is_known() -> None:
    credential = logged_in({"access_token": "t1", "expires_in": 60})
    assert credential.headers == {"Authorization": "Bearer t1"}
    assert (credential.number, credential.issued_ns, credential.expires_ns) == (1, NOW, NOW + 60_000_000_000)


def test_cookies_are_sent_back_all_of_them() -> None:
    credential = logged_in({}, "authlab_session=s1; Path=/; HttpOnly", "authlab_route=r1; Path=/")
    assert credential.headers == {"Cookie": "authlab_session=s1; authlab_route=r1"}


def test_without_token_and_session_cookie_the_user_is_named_by_header_with_its_cart() -> None:
    credential = logged_in({"user": "user-0001"}, "authlab_route=r1")
    credential.saw_cart("i1*2")
    assert credential.headers == {"Cookie": "authlab_route=r1", "X-Lab-User": "user-0001", "X-Lab-Cart": "i1*2"}
    assert credential.number == 1


def test_a_token_in_the_answer_to_a_write_is_a_new_credential() -> None:
    credential = logged_in({"access_token": "t1"})
    credential.renewed({"access_token": "t2"}, NOW + 1)
    assert credential.headers == {"Authorization": "Bearer t2"}
    assert (credential.number, credential.issued_ns) == (2, NOW + 1)


def test_a_changed_session_cookie_is_a_new_credential_but_a_changed_routing_cookie_is_none() -> None:
    credential = logged_in({}, "authlab_session=s1")
    credential.answered(["authlab_route=r1", "authlab_session=s1"], NOW + 1, {})
    assert credential.number == 1
    credential.answered(["authlab_session=s2"], NOW + 2, {})
    assert credential.number == 2
    assert credential.headers == {"Cookie": "authlab_session=s2; authlab_route=r1"}


@pytest.mark.parametrize("instance", ["", "_8080"])
def test_before_a_new_log_in_everything_but_the_routing_cookie_is_forgotten(instance: str) -> None:
    credential = logged_in({}, f"authlab_session{instance}=s1", f"authlab_route{instance}=r1")
    credential.answered([f"authlab_route{instance}=r2"], NOW, {})
    assert credential.number == 1, "another route is no other credential"
    credential.forget()
    assert credential.headers == {"Cookie": f"authlab_route{instance}=r2"}
    credential.logged_in({}, ["authlab_session=s2"], NOW + 1)
    assert credential.number == 2


def test_a_deleted_cookie_is_not_sent_any_more() -> None:
    credential = logged_in({}, "authlab_session=s1", "other=1")
    credential.answered(["other=; Max-Age=0; Path=/"], NOW, {})
    assert credential.headers == {"Cookie": "authlab_session=s1"}
    credential.answered(["authlab_session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], NOW, {})
    assert credential.headers == {}


def test_a_csrf_token_is_sent_with_what_changes_something_and_with_nothing_else() -> None:
    credential = logged_in({"csrf_token": "c1", "expires_in": 60}, "authlab_token=t1; Path=/; HttpOnly")
    assert credential.headers == {"Cookie": "authlab_token=t1"}
    assert credential.unsafe_headers == {"Cookie": "authlab_token=t1", "X-CSRF-Token": "c1"}
    credential.answered(["authlab_token=t2"], NOW + 1, {"expires_in": 30})
    assert credential.unsafe_headers == {"Cookie": "authlab_token=t2", "X-CSRF-Token": "c1"}
    assert (credential.number, credential.expires_ns) == (2, NOW + 1 + 30_000_000_000)
    credential.forget()
    assert credential.unsafe_headers == {}, "it belongs to the log-in, and goes with it"


def test_without_a_csrf_token_all_requests_have_the_same_headers() -> None:
    credential = logged_in({"access_token": "t1", "csrf_token": "c\r\nX-Evil: 1"})
    assert credential.unsafe_headers == credential.headers == {"Authorization": "Bearer t1"}


def test_a_token_that_cannot_stand_in_a_header_is_not_taken() -> None:
    credential = logged_in({"access_token": "t1\r\nX-Evil: 1"})
    assert "Authorization" not in credential.headers


def test_the_text_of_a_credential_is_in_no_representation() -> None:
    credential = logged_in({"access_token": "very-secret"}, "authlab_session=very-secret")
    assert "very-secret" not in repr(credential)


def test_a_copy_stays_as_it_is_whatever_answers_bring_or_take_away() -> None:
    credential = logged_in({"csrf_token": "c1"}, "authlab_token=t1; Path=/; HttpOnly")
    credential.keep()
    credential.answered(["authlab_token=; Max-Age=0; Path=/", "other=1"], NOW + 1, {})
    assert credential.unsafe_headers == {"Cookie": "authlab_token=t1", "X-CSRF-Token": "c1"}
    bearer = logged_in({"access_token": "t1"})
    bearer.keep()
    bearer.renewed({"access_token": "t2"}, NOW + 1)
    assert (bearer.headers, bearer.number) == ({"Authorization": "Bearer t1"}, 1)


def sent(credential: Credential, at_s: float, path: str = "/me") -> str:
    return credential.to_send(path, NOW + int(at_s * 1e9), unsafe=False).get("Cookie", "")


def test_a_cookie_is_sent_until_it_expires_and_no_longer() -> None:
    credential = logged_in({}, "s=1; Max-Age=3; Path=/", "authlab_route=r1; Path=/")
    assert credential.expires_ns == NOW + 3_000_000_000
    assert sent(credential, 2.9) == "s=1; authlab_route=r1"
    assert not credential.lapsed
    assert sent(credential, 3.0) == "authlab_route=r1"
    assert credential.lapsed
    credential.forget()
    credential.logged_in({}, ["s=2; Max-Age=3; Path=/"], NOW + 4_000_000_000)
    assert not credential.lapsed
    assert sent(credential, 6.9) == "authlab_route=r1; s=2"


def test_it_has_lapsed_with_the_first_of_its_cookies_whichever_proves_who_the_user_is() -> None:
    credential = logged_in({}, "session=1; Max-Age=3", "theme=dark; Max-Age=30000")
    assert sent(credential, 4) == "theme=dark"
    assert credential.lapsed
    assert credential.expires_ns == NOW + 3_000_000_000


def test_the_earlier_of_the_answers_end_and_the_cookies_end_counts() -> None:
    assert logged_in({"expires_in": 2}, "s=1; Max-Age=3").expires_ns == NOW + 2_000_000_000
    assert logged_in({"expires_in": 9}, "s=1; Max-Age=3").expires_ns == NOW + 3_000_000_000
    assert logged_in({"expires_in": 9}, "s=1").expires_ns == NOW + 9_000_000_000


def test_a_cookie_that_each_answer_renews_is_the_same_credential_for_longer() -> None:
    credential = logged_in({"expires_in": 3}, "s=1; Max-Age=3; Path=/")
    credential.answered(["s=1; Max-Age=3; Path=/"], NOW + 2_000_000_000, {}, "/me")
    assert (credential.number, credential.expires_ns) == (1, NOW + 5_000_000_000)
    assert sent(credential, 4.5) == "s=1"
    assert sent(credential, 5.5) == ""


def test_an_expired_routing_cookie_moves_the_user_but_is_no_end_of_the_credential() -> None:
    credential = logged_in({}, "s=1; Path=/", "authlab_route=r1; Max-Age=1; Path=/")
    assert sent(credential, 2) == "s=1"
    assert (credential.lapsed, credential.expires_ns) == (False, 0)


def test_a_tokens_end_does_not_depend_on_cookies_beside_it() -> None:
    credential = Credential("user-0001", "bearer")
    credential.logged_in({"access_token": "t1", "expires_in": 60}, ["seen=1; Max-Age=1"], NOW)
    assert credential.to_send("/me", NOW + 2_000_000_000, unsafe=False) == {"Authorization": "Bearer t1"}
    assert (credential.lapsed, credential.expires_ns) == (False, NOW + 60_000_000_000)


def test_whoever_has_a_copy_goes_on_sending_it() -> None:
    credential = logged_in({}, "s=1; Max-Age=3; Path=/")
    credential.keep()
    assert sent(credential, 4) == "s=1"


def test_a_cookie_goes_only_to_the_paths_that_it_is_for() -> None:
    credential = Credential("user-0001", site=site_of("http://127.0.0.1/api"))
    credential.logged_in({}, ["s=1; Path=/", "c=2; Path=/api/cart", "a=3"], NOW, "/login")
    assert sent(credential, 0, "/me") == "a=3; s=1"
    assert sent(credential, 0, "/cart/items") == "c=2; a=3; s=1"
    assert sent(credential, 0, "/carts") == "a=3; s=1"
    credential.answered(["b=4"], NOW, {}, "/cart/items")
    assert sent(credential, 0, "/cart/items") == "c=2; b=4; a=3; s=1", "RFC 6265, 5.1.4: its folder"
