"""An answer that belongs to somebody else is found, by its name or by its cart."""

from __future__ import annotations

import pytest

from authlab.checkers.no_identity_mix import no_identity_mix
from authlab.model.history import Checked
from tests.unit.checkers.histories import Row, asked, frame, login


def _check(*rows: Row) -> Checked:
    return no_identity_mix(frame(*rows), ())


def test_an_answer_in_another_name_is_proven_by_itself_and_the_log_in() -> None:
    mixed = asked("me", 40, 50, outcome="wrong", reason="identity", worker="worker-3")
    found = _check(login(), asked("me", 20, 30), mixed)
    assert (found.value, found.count, found.checked) == ("violated", 1, 3)
    assert found.violations[0].lines == (
        "0.000 s  user 1 logs in: worker-1 answers 200",
        "0.040 s  user 1 asks who it is with credential 1: worker-3 answers 200 in the name of somebody else",
    )
    assert found.violations[0].summary == "worker-3 answered user 1 with the name of somebody else"


def test_a_log_in_that_answers_another_name_needs_no_other_event() -> None:
    found = _check(asked("login", 0, 10, outcome="wrong", reason="identity"))
    assert (found.count, len(found.violations[0].timeline)) == (1, 1)


def test_a_cart_with_an_item_that_its_user_never_sent_is_somebody_elses() -> None:
    found = _check(
        login(),
        login(2),
        asked("add", 20, 30, user=2, item="i4", cart="i4*1"),
        asked("cart", 40, 50, cart="i4*1", outcome="wrong", reason="cart"),
    )
    assert found.count == 1
    assert "it holds i4, which user 1 never added" in found.violations[0].summary


@pytest.mark.parametrize("fate", ["ok", "network", "timeout", "proxy", "server"])
def test_a_cart_with_an_item_that_may_have_been_written_is_no_violation(fate: str) -> None:
    write = asked("add", 20, 30, item="i4", outcome=fate, cart="i4*1" if fate == "ok" else "")
    assert _check(login(), write, asked("cart", 40, 50, cart="i4*1")).value == "passed"


def test_a_lost_write_is_no_identity_mix() -> None:
    rows = [asked("add", 20, 30, item="i1", cart="i1*1"), asked("cart", 40, 50, outcome="wrong", reason="cart")]
    assert _check(login(), *rows).value == "passed"


def test_where_nothing_was_accepted_nothing_is_concluded() -> None:
    assert _check(asked("login", 0, 10, outcome="timeout")).value == "inconclusive"
