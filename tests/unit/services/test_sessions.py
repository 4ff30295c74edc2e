"""Sessions named by a cookie, in memory and in Redis: ids, expiry, log-out, fixation, concurrency."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from services.cookies import MOST_OF_ONE_NAME
from services.session_ids import new_session_id, session_digest

from tests.unit.services.declared import DECLARED, SESSIONS, STRICT_SESSIONS
from tests.unit.services.service import Clock, Service, credential_in, reason

MakeService = Callable[..., Service]
COOKIE = "authlab_session"
IDLE_S = 1800
ABSOLUTE_S = 43200


@pytest.fixture(params=SESSIONS)
def service(request: pytest.FixtureRequest, make_service: MakeService) -> Service:
    """Each store in turn."""
    return make_service(request.param)


@pytest.fixture(params=STRICT_SESSIONS)
def strict(request: pytest.FixtureRequest, make_service: MakeService) -> Service:
    """Each store of our own. What the others can't do is shown beside them (test_flask_session.py)."""
    return make_service(request.param)


def with_id(session_id: str) -> dict[str, str]:
    """The header that presents a session id."""
    return {"Cookie": f"{COOKIE}={session_id}"}


def id_in(credential: dict[str, str]) -> str:
    """The session id in a credential."""
    return credential["Cookie"].partition("=")[2]


def test_a_session_id_has_256_bits_and_never_repeats() -> None:
    ids = [new_session_id() for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert {len(session_id) for session_id in ids} == {43}
    for place in range(42):  # the last character carries four bits only
        assert len({session_id[place] for session_id in ids}) == 64, "a place that is not random"


def test_the_store_never_sees_a_session_id(strict: Service) -> None:
    session_id = id_in(strict.log_in())
    digest = session_digest(session_id)
    assert digest is not None
    store = strict.state._store  # type: ignore[attr-defined]
    if not DECLARED[strict.settings.state].needs_store:
        assert list(store._entries) == [digest]
    else:
        assert digest.hex() in store._key(session_id)
        assert session_id not in store._key(session_id)


@pytest.mark.parametrize(
    "bend",
    [
        lambda _: "",
        lambda _: "x",
        lambda _: new_session_id(),
        lambda session_id: session_id[:-1],
        lambda session_id: session_id + "A",
        lambda session_id: session_id.swapcase(),
        lambda session_id: "é" * 43,
        lambda session_id: "a" * 4000,
        lambda session_id: session_id[::-1],
        lambda session_id: "*" * 43,
    ],
    ids=["empty", "short", "guessed", "truncated", "longer", "case", "latin", "huge", "reversed", "pattern"],
)
def test_an_id_that_is_not_quite_right_is_unknown(service: Service, bend: Callable[[str], str]) -> None:
    session_id = id_in(service.log_in())
    presented = with_id(bend(session_id))
    assert reason(service.get("/me", presented)) == (401, "unknown_session")
    assert reason(service.post("/cart/items", {"item": "i1"}, presented)) == (401, "unknown_session")
    assert service.post("/logout", None, presented).status_code == 204, "it is logged out already"
    assert service.get("/me", with_id(session_id)).status_code == 200


def test_a_session_is_its_users_own(service: Service) -> None:
    mine, theirs = service.log_in(0), service.log_in(1)
    service.post("/cart/items", {"item": "secret"}, theirs)
    assert service.get("/cart", mine).json == {"user": "user-0001", "cart": {}}


def test_after_log_out_the_session_is_gone(service: Service) -> None:
    credential = service.log_in()
    answer = service.post("/logout", None, credential)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert reason(service.get("/me", credential)) == (401, "unknown_session")


def test_log_out_ends_one_session_only(service: Service) -> None:
    laptop, phone = service.log_in(), service.log_in()
    service.post("/logout", None, laptop)
    assert service.get("/me", phone).status_code == 200


def test_a_log_in_ends_the_session_that_was_presented_with_it(service: Service) -> None:
    planted = service.log_in(0)
    renewed = service.log_in(1, planted)
    assert renewed["Cookie"] != planted["Cookie"]
    assert reason(service.get("/me", planted)) == (401, "unknown_session")
    assert service.get("/me", renewed).json == {"user": "user-0002"}


def test_an_id_that_the_client_chose_is_never_taken_over(service: Service) -> None:
    chosen = new_session_id()
    answer = service.post("/login", service.users[0], with_id(chosen))
    assert id_in(credential_in(answer)) != chosen
    assert reason(service.get("/me", with_id(chosen))) == (401, "unknown_session")


def test_log_out_with_a_session_that_is_over_takes_the_cookie_away(service: Service, clock: Clock) -> None:
    over, left, unknown = service.log_in(), service.log_in(), with_id(new_session_id())
    service.post("/logout", None, left)
    clock.now += ABSOLUTE_S
    for credential in (over, left, unknown):
        for _ in range(2):
            answer = service.post("/logout", None, credential)
            assert (answer.status_code, answer.data) == (204, b"")
            assert answer.headers["Set-Cookie"].startswith(f"{COOKIE}=;")
            assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert reason(service.post("/logout")) == (401, "missing")


def several(*session_ids: str) -> dict[str, str]:
    """The header that presents several cookies of the name, as cookies with longer paths make a browser send."""
    return {"Cookie": "; ".join(f"{COOKIE}={session_id}" for session_id in session_ids)}


@pytest.mark.parametrize("stale", ["unknown", "logged out", "expired", "junk", "empty", "several"])
def test_a_stale_cookie_of_the_same_name_before_the_live_one_does_no_harm(
    strict: Service, clock: Clock, stale: str
) -> None:
    before = id_in(strict.log_in())
    if stale == "logged out":
        strict.post("/logout", None, with_id(before))
    elif stale == "expired":
        clock.now += ABSOLUTE_S
    stales = {
        "unknown": [new_session_id()],
        "junk": ["junk"],
        "empty": [""],
        "several": [new_session_id() for _ in range(MOST_OF_ONE_NAME - 1)],
    }.get(stale, [before])
    answer = strict.post("/login", strict.users[1], several(*stales))
    live = id_in(credential_in(answer))
    for presented in (several(*stales, live), several(live, *stales)):
        assert strict.get("/me", presented).json == {"user": "user-0002"}
        assert strict.post("/cart/items", {"item": "i1"}, presented).status_code == 200
        assert strict.get("/cart", presented).status_code == 200
    assert strict.post("/logout", None, several(*stales, live)).status_code == 204
    assert reason(strict.get("/me", with_id(live))) == (401, "unknown_session")


def test_a_log_in_replaces_the_sessions_of_all_cookies_of_the_name(strict: Service) -> None:
    earlier = [id_in(strict.log_in(0)) for _ in range(3)]
    assert strict.get("/me", several(*earlier)).json == {"user": "user-0001"}
    live = id_in(strict.log_in(1, several(new_session_id(), *earlier)))
    assert strict.get("/me", several(*earlier, live)).json == {"user": "user-0002"}
    for session_id in earlier:
        assert reason(strict.get("/me", with_id(session_id))) == (401, "unknown_session")


def test_only_so_many_cookies_of_the_name_are_looked_at(strict: Service) -> None:
    live = id_in(strict.log_in())
    crowd = [new_session_id() for _ in range(MOST_OF_ONE_NAME)]
    assert reason(strict.get("/me", several(*crowd, live))) == (401, "unknown_session")
    assert strict.get("/me", several(*crowd[1:], live)).status_code == 200


def test_a_log_in_that_fails_ends_nothing(service: Service) -> None:
    credential = service.log_in()
    wrong = {"username": "user-0001", "password": "guess"}
    assert reason(service.post("/login", wrong, credential)) == (401, "bad_credentials")
    assert service.get("/me", credential).status_code == 200


def test_a_session_that_is_used_still_ends_absolutely(strict: Service, clock: Clock) -> None:
    credential = strict.log_in()
    for _ in range(ABSOLUTE_S // IDLE_S):
        clock.now += IDLE_S - 1
        assert strict.get("/me", credential).status_code == 200
    clock.now += ABSOLUTE_S // IDLE_S
    assert reason(strict.get("/me", credential)) == (401, "expired")
    assert reason(strict.get("/me", credential)) == (401, "unknown_session")


def test_an_addition_does_not_prolong_beyond_the_absolute_end(strict: Service, clock: Clock) -> None:
    credential = strict.log_in()
    for _ in range(ABSOLUTE_S // IDLE_S):
        clock.now += IDLE_S - 1
        strict.get("/me", credential)
    clock.now += ABSOLUTE_S // IDLE_S
    assert reason(strict.post("/cart/items", {"item": "i1"}, credential)) == (401, "expired")


def test_concurrent_additions_to_one_session_all_count(strict: Service) -> None:
    credential = strict.log_in()

    def add(number: int) -> int:
        return strict.post("/cart/items", {"item": f"i{number % 3}"}, credential).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(240))) == {200}
    answer = strict.get("/cart", credential)
    assert answer.json is not None
    assert answer.json["cart"] == {"i0": 80, "i1": 80, "i2": 80}


def test_an_addition_never_brings_back_a_session_that_was_logged_out(strict: Service) -> None:
    for _ in range(30):
        credential = strict.log_in()
        start = threading.Barrier(4)

        def add(credential: dict[str, str] = credential, start: threading.Barrier = start) -> None:
            start.wait(10)
            for _ in range(3):
                strict.post("/cart/items", {"item": "i1"}, credential)

        threads = [threading.Thread(target=add) for _ in range(3)]
        for thread in threads:
            thread.start()
        start.wait(10)
        assert strict.post("/logout", None, credential).status_code == 204
        for thread in threads:
            thread.join(10)
        assert reason(strict.get("/me", credential)) == (401, "unknown_session")
