"""Refusals of good credentials are found; refusals that may be right are not taken for them."""

from __future__ import annotations

import pytest

from authlab.checkers.no_spurious_logout import no_spurious_logout
from authlab.checkers.rules import USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked
from tests.unit.checkers.histories import MS, Row, asked, frame, login

_REFUSED = {"outcome": "auth", "reason": "unknown_session"}


def _check(*rows: Row, rules: Rules = USUAL, faults: tuple[FaultEvent, ...] = ()) -> Checked:
    return no_spurious_logout(frame(*rows), faults, rules)


def test_a_refused_good_credential_is_proven_by_its_issue_and_its_refusal() -> None:
    crash = FaultEvent("crash-worker", "worker-2", 40 * MS, 45 * MS, "pid 7 was gone")
    found = _check(
        login(),
        asked("me", 20, 30),
        asked("me", 50, 60, worker="worker-2", **_REFUSED),
        asked("cart", 70, 80, cart=""),
        faults=(crash,),
    )
    assert (found.value, found.count, found.checked) == ("violated", 1, 3)
    (seen,) = found.violations
    assert seen.lines == (
        "0.000 s  user 1 logs in: worker-1 answers 200",
        "0.050 s  user 1 asks who it is with credential 1: worker-2 answers 401 unknown_session",
    )
    assert (seen.user, seen.credential, seen.worker, seen.reason) == (1, 1, "worker-2", "unknown_session")
    assert seen.fault == "crash-worker of worker-2 began 0.020 s before"
    assert [event.lane for event in seen.timeline] == ["workers", "workers"]
    assert "0.050 s after credential 1 was issued" in seen.summary
    assert found.counts == {"logins": 1, "users": 1, "reason:unknown_session": 1, "worker:worker-2": 1}


def test_a_renewed_credential_is_proven_by_the_write_that_renewed_it() -> None:
    found = _check(
        login(),
        asked("add", 20, 30, item="i1", cart="i1*1"),
        asked("me", 50, 60, credential=2, issued_ns=30 * MS, **_REFUSED),
    )
    assert found.violations[0].lines[0] == (
        "0.000 s  user 1 adds i1 with credential 1: worker-1 answers 200, cart i1*1"
    )
    assert len(found.violations[0].lines) == 2


def test_an_issue_that_was_not_recorded_is_told_all_the_same() -> None:
    found = _check(asked("me", 50, 60, **_REFUSED))
    assert found.violations[0].lines[0] == "0.000 s  user 1 receives credential 1"


@pytest.mark.parametrize(
    "ended",
    [
        [asked("logout", 30, 40)],
        [asked("logout", 30, 70)],
        *([asked("logout", 30, 40, outcome=fate)] for fate in ("network", "timeout", "proxy", "server")),
    ],
)
def test_a_refusal_after_what_may_have_been_a_log_out_is_no_violation(ended: list[Row]) -> None:
    assert _check(login(), asked("me", 20, 25), *ended, asked("me", 50, 60, **_REFUSED)).value == "passed"


def test_a_log_out_that_was_refused_revokes_nothing() -> None:
    found = _check(login(), asked("logout", 30, 40, **_REFUSED), asked("me", 50, 60, **_REFUSED))
    assert found.count == 2


def test_a_log_out_of_another_log_in_revokes_nothing() -> None:
    again = asked("login", 100, 110)
    found = _check(
        login(),
        asked("logout", 30, 40),
        again,
        asked("me", 120, 130, credential=2, issued_ns=110 * MS, **_REFUSED),
    )
    assert found.count == 1


@pytest.mark.parametrize(("done_ms", "count"), [(899, 1), (901, 0), (2500, 0)])
def test_a_refusal_near_or_after_the_expiry_is_no_violation(done_ms: float, count: int) -> None:
    rows = [asked("me", 20, 30), asked("me", 50, done_ms, expires_ns=1000 * MS, **_REFUSED)]
    assert _check(login(), *rows, rules=Rules(leeway_ns=100 * MS)).count == count


@pytest.mark.parametrize(("ends", "count"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("fate", ["ok", "timeout"])
def test_a_new_log_in_revokes_the_old_one_where_the_mode_says_so(ends: bool, count: int, fate: str) -> None:
    rows = [login(), asked("me", 20, 30), asked("login", 40, 45, outcome=fate), asked("me", 50, 60, **_REFUSED)]
    assert _check(*rows, rules=Rules(login_ends_session=ends)).count == count


@pytest.mark.parametrize("fate", ["network", "timeout", "proxy", "server", "client"])
def test_a_request_that_was_not_refused_is_no_violation(fate: str) -> None:
    found = _check(login(), asked("me", 20, 30), asked("me", 50, 60, outcome=fate))
    assert (found.value, found.checked) == ("passed", 1)
    assert found.indeterminate == (fate != "client")


def test_a_refusal_that_the_scenario_asked_for_is_no_violation() -> None:
    assert _check(login(), asked("me", 20, 30), asked("without_csrf", 50, 60, status=403)).value == "passed"


def test_many_refusals_are_all_counted_and_the_first_ones_shown() -> None:
    refusals = [asked("me", 50 + n, 51 + n, **_REFUSED) for n in range(30)]
    found = _check(login(), *reversed(refusals))
    assert found.count == 30
    assert [violation.timeline[-1].request_id for violation in found.violations[:2]] == ["r50", "r51"]
    assert len(found.violations) == 10


def test_without_an_answer_nothing_is_concluded() -> None:
    found = _check(login(), asked("me", 20, 30, outcome="timeout"))
    assert (found.value, found.count) == ("inconclusive", 0)
    assert found.reasons
