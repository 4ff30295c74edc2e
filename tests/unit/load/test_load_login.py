"""The log-in: who shares it, and how often it is done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_load.crew import Crew
from lab_load.jar import HERE
from lab_load.login import Login
from lab_load.operations import Script
from lab_load.session import Session
from lab_load.settings import Settings

BROWSE, LEAVE = Script("browse", module="browse"), Script("leave", module="leave")


def login(relogin: str = "never", sharers: int = 1) -> Login:
    return Login(4, "user-0001", "pw", relogin, sharers)


def session(folder: Path, sharers: int) -> Session:
    accounts = tuple((f"user-{number}", "pw") for number in range(3))
    scripts = (BROWSE, LEAVE)
    settings = Settings(
        HERE, accounts, None, 50.0, 1, 5.0, "never", scripts, sharers, False, "answer", None, None, None
    )
    return Session(settings, folder, Crew(["local"], "local"), users=6)


@pytest.mark.parametrize(("relogin", "times"), [("never", 0), ("once", 1), ("always", 1000)])
def test_it_is_done_again_as_often_as_the_plan_says(relogin: str, times: int) -> None:
    assert login(relogin).relogins_left >= times
    assert (login(relogin).relogins_left > times) == (relogin == "always")


@pytest.mark.parametrize(("relogin", "goes_on"), [("never", True), ("once", True), ("always", False)])
def test_after_one_that_failed_users_go_on_without_unless_they_try_for_ever(relogin: str, goes_on: bool) -> None:
    one = login(relogin)
    one.begin()
    assert not one.admitted
    one.end(False)
    assert one.admitted is goes_on
    one.begin()
    one.end(True)
    assert one.admitted
    assert one.logins == 2


def test_a_new_one_begins_with_an_empty_cart_and_no_credential() -> None:
    one = login()
    one.credential.logged_in({"access_token": "t1"}, (), 1)
    before = one.basket
    assert before is not None
    before.acknowledge("i1")
    one.begin()
    assert one.basket is not None
    assert one.basket.agrees({})
    assert one.credential.headers == {}


def test_the_cart_of_several_is_not_counted() -> None:
    one = login(sharers=2)
    one.begin()
    assert one.basket is None


def test_whoever_has_given_up_is_neither_stopped_nor_let_in_again() -> None:
    one = login("always")
    one.begin()
    one.end(False)
    one.give_up()
    assert one.admitted
    assert not one.relogins_left


def test_users_in_a_row_share_a_log_in_with_the_number_of_the_first(tmp_path: Path) -> None:
    test = session(tmp_path, sharers=2)
    users = [test.enrol(BROWSE) for _ in range(5)]
    assert [number for number, _ in users] == [0, 1, 2, 3, 4]
    assert [shared.number for _, shared in users] == [0, 0, 2, 2, 4]
    assert users[0][1] is users[1][1] is not users[2][1]
    assert [shared.username for _, shared in users] == ["user-0", "user-0", "user-2", "user-2", "user-1"]
    test.close()


def test_usually_everybody_has_one_alone(tmp_path: Path) -> None:
    test = session(tmp_path, sharers=1)
    assert [test.enrol(BROWSE)[1].number for _ in range(3)] == [0, 1, 2]
    test.close()
