"""Failures per second, and how long after a fault they began and ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authlab.checkers.availability import availability
from authlab.model.faults import FaultEvent
from authlab.model.history import Recovery
from tests.unit.checkers.histories import MS, Row, asked, frame

_FAULT = FaultEvent("stop-store", "store", 2000 * MS, 4000 * MS, "the port refused after 3 ms")


def _served(*from_to_ms: int) -> list[Row]:
    return [asked("me", at, at + 10) for at in range(*from_to_ms, 100)]


def _failing(*from_to_ms: int, outcome: str = "server") -> list[Row]:
    return [asked("me", at, at + 10, outcome=outcome, reason="store_unavailable") for at in range(*from_to_ms, 100)]


def test_failures_are_counted_per_second_and_outcome() -> None:
    found = availability(
        frame(*_served(100, 1100), *_failing(1100, 2100), *_failing(2100, 2600, outcome="timeout")), ()
    )
    assert found.value == "passed"
    assert found.seconds is not None
    assert found.seconds.counts == {"ok": (10, 0, 0), "server": (0, 10, 0), "timeout": (0, 0, 5)}
    assert found.counts == {"ok": 10, "server": 10, "timeout": 5}


def test_the_time_to_the_first_failure_and_to_full_recovery_are_measured() -> None:
    history = frame(*_served(100, 2100), *_failing(2100, 4600), *_served(4600, 6000))
    found = availability(history, (_FAULT,))
    assert found.value == "passed"
    assert found.recoveries == (Recovery("stop-store", "store", 25, 0, 0.11, 0.51),)


def test_failures_that_stop_before_the_fault_ends_leave_nothing_to_recover_from() -> None:
    history = frame(*_served(100, 2100), *_failing(2100, 2300), *_served(2300, 6000))
    assert availability(history, (_FAULT,)).recoveries == (Recovery("stop-store", "store", 2, 0, 0.11, 0.0),)


def test_a_fault_that_nobody_felt_has_no_first_failure() -> None:
    assert availability(frame(*_served(100, 6000)), (_FAULT,)).recoveries == (
        Recovery("stop-store", "store", 0, 0, None, 0.0),
    )


def test_each_fault_has_the_failures_until_the_next() -> None:
    second = replace(_FAULT, kind="crash-worker", target="worker-1", start_ns=6000 * MS, end_ns=6500 * MS)
    history = frame(
        *_served(100, 2100), *_failing(2100, 3000), *_served(3000, 6200), *_failing(6200, 7000), *_served(7000, 8000)
    )
    one, two = availability(history, (second, _FAULT)).recoveries
    assert one == Recovery("stop-store", "store", 9, 0, 0.11, 0.0)
    assert two == Recovery("crash-worker", "worker-1", 8, 9, 0.21, 0.41)


def test_a_service_that_stays_down_is_a_violation_of_two_events() -> None:
    found = availability(frame(*_served(100, 2100), *_failing(2100, 6000)), (_FAULT,))
    assert (found.value, found.count) == ("violated", 1)
    (seen,) = found.violations
    assert seen.lines == (
        "0.000 s  stop-store of store begins (the port refused after 3 ms); it lasted 2.000 s",
        "3.900 s  user 1 asks who it is with credential 1: worker-1 answers 503 store_unavailable",
    )
    assert [event.lane for event in seen.timeline] == ["store", "store"]
    assert found.recoveries[0].to_recovery_s is None


def test_failures_up_to_the_last_moment_leave_the_recovery_open() -> None:
    found = availability(frame(*_served(100, 5900), *_failing(5900, 6000)), (_FAULT,))
    assert (found.value, found.count) == ("inconclusive", 0)
    assert "still failed" in found.reasons[0]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (replace(_FAULT, proof=""), "nothing proves that stop-store of store took effect"),
        (replace(_FAULT, end_ns=None), "stop-store of store was not seen to end"),
        (replace(_FAULT, end_ns=9000 * MS), "no request ended after the end of stop-store of store"),
    ],
    ids=["no proof", "no end", "too short"],
)
def test_a_fault_that_is_not_certain_makes_it_inconclusive(fault: FaultEvent, says: str) -> None:
    found = availability(frame(*_served(100, 2100), *_failing(2100, 2500), *_served(2500, 6000)), (fault,))
    assert found.value == "inconclusive"
    assert len(found.reasons) == 1
    assert says in found.reasons[0]
