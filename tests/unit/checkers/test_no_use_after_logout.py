"""Uses of a revoked credential are found and their window measured."""

from __future__ import annotations

import pytest

from authlab.checkers.no_use_after_logout import no_use_after_logout
from authlab.checkers.rules import USUAL, Rules
from authlab.model.history import Checked, Staleness
from tests.unit.checkers.histories import MS, Row, asked, frame, login

_REFUSED = {"outcome": "auth", "reason": "revoked"}


def _check(*rows: Row, rules: Rules = USUAL) -> Checked:
    return no_use_after_logout(frame(*rows), (), rules)


def test_a_use_after_a_log_out_is_proven_by_the_log_out_and_the_answer() -> None:
    found = _check(login(), asked("me", 20, 30), asked("logout", 40, 50, status=204), asked("me", 60, 70))
    assert (found.value, found.count, found.checked) == ("violated", 1, 1)
    (seen,) = found.violations
    assert seen.lines == (
        "0.000 s  user 1 logs out with credential 1: worker-1 answers 204",
        "0.020 s  user 1 asks who it is with credential 1: worker-1 answers 200",
    )
    assert "10.0 ms after its log-out was acknowledged" in seen.summary
    assert found.staleness == Staleness(10.0, None)
    assert "was never refused" in found.summary


def test_the_window_lies_between_the_last_acceptance_and_the_first_refusal_after_it() -> None:
    found = _check(
        login(),
        asked("logout", 40, 50),
        asked("me", 60, 65),
        asked("me", 70, 75, **_REFUSED),
        asked("me", 150, 160),
        asked("me", 180, 190, **_REFUSED),
        asked("me", 200, 210, **_REFUSED),
    )
    assert (found.count, found.checked) == (2, 5)
    assert found.staleness == Staleness(100.0, 150.0)


def test_the_largest_window_of_all_log_ins_is_told() -> None:
    rows = []
    for user, last in ((1, 60), (2, 90)):
        rows += [
            login(user),
            asked("logout", 40, 50, user=user),
            asked("me", last, last + 1, user=user),
            asked("me", last + 10, last + 15, user=user, **_REFUSED),
        ]
    assert _check(*rows).staleness == Staleness(40.0, 65.0)


def test_one_log_in_that_was_never_refused_leaves_the_window_open() -> None:
    rows = [login(), asked("logout", 40, 50), asked("me", 60, 61), asked("me", 70, 75, **_REFUSED)]
    rows += [login(2), asked("logout", 40, 50, user=2), asked("me", 55, 56, user=2)]
    assert _check(*rows).staleness == Staleness(10.0, None)


def test_a_log_out_that_takes_effect_at_once_passes_with_its_window() -> None:
    found = _check(login(), asked("logout", 40, 50), asked("me", 60, 70, **_REFUSED))
    assert (found.value, found.checked, found.staleness) == ("passed", 1, Staleness(0.0, 30.0))


@pytest.mark.parametrize("fate", ["network", "timeout", "proxy", "server", "auth", "client"])
def test_a_log_out_that_was_not_acknowledged_promises_nothing(fate: str) -> None:
    assert _check(login(), asked("logout", 40, 50, outcome=fate), asked("me", 60, 70)).value == "inconclusive"


@pytest.mark.parametrize("fate", ["network", "timeout", "proxy", "server"])
def test_a_use_of_unknown_fate_is_neither_a_violation_nor_a_refusal(fate: str) -> None:
    found = _check(login(), asked("logout", 40, 50), asked("me", 60, 70, outcome=fate))
    assert (found.value, found.count, found.indeterminate) == ("inconclusive", 0, 1)


def test_a_request_that_was_under_way_may_still_succeed() -> None:
    rows = [login(), asked("logout", 40, 50), asked("me", 45, 70), asked("me", 80, 90, **_REFUSED)]
    assert _check(*rows).value == "passed"


def test_a_credential_that_a_revoked_one_brought_is_revoked_too() -> None:
    found = _check(
        login(),
        asked("logout", 40, 50),
        asked("add", 45, 60, item="i1", cart="i1*1"),
        asked("me", 70, 80, credential=2, issued_ns=60 * MS),
    )
    assert (found.count, found.violations[0].credential) == (1, 2)


def test_a_new_log_in_is_a_new_start() -> None:
    rows = [login(), asked("logout", 40, 50), asked("me", 52, 55, **_REFUSED), asked("login", 60, 70)]
    assert _check(*rows, asked("me", 80, 90, credential=2, issued_ns=70 * MS)).value == "passed"


@pytest.mark.parametrize(("ends", "count"), [(True, 1), (False, 0)])
def test_an_old_log_in_is_revoked_by_a_new_one_where_the_mode_says_so(ends: bool, count: int) -> None:
    found = _check(login(), asked("login", 40, 50), asked("me", 60, 70), rules=Rules(login_ends_session=ends))
    assert found.count == count
    if ends:
        assert "after its new log-in was acknowledged" in found.violations[0].summary


def test_logging_out_twice_and_public_pages_are_no_use() -> None:
    rows = [login(), asked("logout", 40, 50), asked("logout", 60, 70), asked("index", 80, 90)]
    assert _check(*rows, rules=Rules(public=("login", "logout", "index"))).value == "inconclusive"
    assert _check(*rows).count == 1


def test_a_refusal_that_the_scenario_expects_is_a_refusal() -> None:
    found = _check(login(), asked("logout", 40, 50), asked("after_logout", 60, 70, status=401))
    assert (found.value, found.checked) == ("passed", 1)


def test_an_acceptance_that_the_scenario_did_not_expect_is_a_use() -> None:
    late = asked("after_logout", 60, 70, outcome="wrong", reason="status_200")
    assert _check(login(), asked("logout", 40, 50), late).count == 1
