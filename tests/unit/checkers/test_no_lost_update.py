"""Lost writes are found, once each, with the write that is gone and the one that overwrote it."""

from __future__ import annotations

import pytest

from authlab.checkers.no_lost_update import no_lost_update
from authlab.model.history import Checked
from tests.unit.checkers.histories import MS, Row, asked, frame, login


def _check(*rows: Row) -> Checked:
    return no_lost_update(frame(*rows), ())


def _add(item: str, sent_ms: float, done_ms: float, cart: str, **more: object) -> Row:
    return asked("add", sent_ms, done_ms, item=item, cart=cart, **more)


def _read(sent_ms: float, cart: str, **more: object) -> Row:
    return asked("cart", sent_ms, sent_ms + 5, cart=cart, **more)


def test_of_two_parallel_writes_both_are_named_and_the_answer_that_shows_the_loss() -> None:
    found = _check(
        login(),
        _add("i1", 20, 40, "i1*1", worker="worker-1"),
        _add("i2", 25, 45, "i2*1", worker="worker-2"),
        _read(60, "i2*1", worker="worker-3"),
        _read(70, "i2*1"),
    )
    assert (found.value, found.count, found.counts["lost_writes"]) == ("violated", 1, 1)
    (seen,) = found.violations
    assert seen.lines == (
        "0.000 s  user 1 adds i1 with credential 1: worker-1 answers 200, cart i1*1",
        "0.005 s  user 1 adds i2 with credential 1: worker-2 answers 200, cart i2*1",
        "0.040 s  user 1 reads its cart with credential 1: worker-3 answers 200, cart i2*1",
    )
    assert seen.summary == (
        "the write of i1 (request r20, worker-1) was acknowledged and is lost: the write of i2 (request r25, worker-2) "
        "overwrote it; worker-3 shows 0 of i1 where 1 had been acknowledged"
    )


def test_two_parallel_writes_of_one_item_that_count_once_are_a_loss() -> None:
    found = _check(login(), _add("i1", 20, 40, "i1*1"), _add("i1", 25, 45, "i1*1"), _read(60, "i1*1"))
    assert found.count == 1
    assert [event.request_id for event in found.violations[0].timeline] == ["r20", "r25", "r60"]


def test_a_later_write_that_shows_the_loss_itself_is_the_proof() -> None:
    found = _check(login(), _add("i1", 20, 30, "i1*1"), _add("i2", 40, 50, "i2*1"), _read(60, "i2*1"))
    assert found.count == 1
    assert [event.request_id for event in found.violations[0].timeline] == ["r20", "r40"]
    assert "the write of i2 (request r40, worker-1) overwrote it" in found.violations[0].summary


def test_a_loss_that_no_write_explains_says_so() -> None:
    found = _check(login(), _add("i1", 20, 30, "i1*1"), _read(60, "", outcome="wrong", reason="cart"))
    (seen,) = found.violations
    assert [event.request_id for event in seen.timeline] == ["r20", "r60"]
    assert "no other acknowledged write explains it" in seen.summary
    assert seen.lines[1].endswith("worker-1 answers 200 (not the cart that was written), cart empty")


def test_a_write_that_lacks_itself_needs_no_other_event() -> None:
    found = _check(login(), _add("i1", 20, 30, ""))
    assert [event.request_id for event in found.violations[0].timeline] == ["r20"]


def test_two_losses_of_one_item_are_two_and_each_is_told_once() -> None:
    found = _check(
        login(),
        _add("i1", 20, 30, "i1*1"),
        _read(40, ""),
        _add("i1", 50, 55, "i1*1"),
        _read(60, ""),
        _read(70, ""),
    )
    assert (found.count, found.counts["lost_writes"]) == (2, 2)


@pytest.mark.parametrize("fate", ["network", "timeout", "proxy", "server"])
@pytest.mark.parametrize("cart", ["i1*1", "i1*2"])
def test_a_write_of_unknown_fate_may_be_in_the_cart_or_not(fate: str, cart: str) -> None:
    found = _check(login(), _add("i1", 20, 30, "i1*1"), _add("i1", 40, 50, "", outcome=fate), _read(60, cart))
    assert (found.value, found.counts["written_twice"], found.indeterminate) == ("passed", 0, 1)


@pytest.mark.parametrize("fate", ["auth", "client"])
def test_a_refused_write_is_not_missed(fate: str) -> None:
    found = _check(login(), _add("i1", 20, 30, "i1*1"), _add("i1", 40, 50, "", outcome=fate), _read(60, "i1*1"))
    assert found.value == "passed"


@pytest.mark.parametrize("cart", ["i1*1", "i1*1 i2*1"])
def test_a_write_that_is_under_way_may_be_seen_or_not(cart: str) -> None:
    rows = [_add("i1", 20, 30, "i1*1"), _add("i2", 40, 80, "i1*1 i2*1"), _read(50, cart)]
    assert _check(login(), *rows).value == "passed"


def test_a_new_log_in_begins_with_an_empty_cart() -> None:
    new = {"credential": 2, "issued_ns": 50 * MS}
    rows = [_add("i1", 20, 30, "i1*1"), asked("login", 40, 50), _read(60, "", **new), _read(35, "i1*1")]
    assert _check(login(), *rows).value == "passed"


def test_an_item_that_was_written_twice_is_counted_but_nothing_is_lost() -> None:
    found = _check(login(), _add("i1", 20, 30, "i1*2"), _read(60, "i1*2"))
    assert (found.value, found.counts["written_twice"]) == ("passed", 1)


def test_a_cart_that_the_recorder_cut_short_is_not_held_against_anybody() -> None:
    found = _check(login(), _add("i1", 20, 30, "i1*1"), _read(40, "i1*1"), _read(60, ("i9*1 " * 60)[:200]))
    assert (found.value, found.counts["cut_short"]) == ("passed", 1)


def test_without_an_acknowledged_write_nothing_is_concluded() -> None:
    assert _check(login(), _read(60, "")).value == "inconclusive"
