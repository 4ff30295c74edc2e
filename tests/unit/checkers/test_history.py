"""All checkers together: clean histories pass, one planted violation is found and only that, a crash is no pass."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authlab.checkers.history import CHECKERS, check_history
from authlab.model.history import Checked
from authlab.store.frames import SAMPLES_SCHEMA
from tests.unit.checkers.histories import MS, Row, asked, clean_history, frame, login

_USER = 99
_SEEDS = st.integers(0, 2**32 - 1)
_MANY = settings(max_examples=25, deadline=None)


def _late(row: Row, ms: float) -> Row:
    moments = ("sent_ns", "done_ns", "issued_ns")
    return {**row, "user": _USER, **{name: row[name] + round(ms * MS) for name in moments if row[name]}}


_PLANTS: dict[str, list[Row]] = {
    "no_spurious_logout": [login(), asked("me", 20, 30, outcome="auth", reason="unknown_session")],
    "no_use_after_logout": [login(), asked("logout", 20, 30), asked("me", 40, 50)],
    "no_identity_mix": [login(), asked("me", 20, 30, outcome="wrong", reason="identity")],
    "no_lost_update": [
        login(),
        asked("add", 20, 40, item="i1", cart="i1*1"),
        asked("add", 30, 50, item="i2", cart="i2*1"),
        asked("cart", 60, 70, cart="i2*1", outcome="wrong", reason="cart"),
    ],
}


def _counts(rows: list[Row]) -> dict[str, int]:
    return {checked.name: checked.count for checked in check_history(frame(*rows), ())}


@_MANY
@given(_SEEDS, st.floats(0, 0.6))
def test_whatever_a_faultless_service_does_no_checker_objects(seed: int, doubtful: float) -> None:
    found = check_history(frame(*clean_history(seed, doubtful=doubtful)), ())
    assert [(checked.name, checked.violations) for checked in found if checked.count or checked.violations] == []
    assert not [checked for checked in found if "crashed" in checked.summary]


@pytest.mark.parametrize("name", _PLANTS)
@_MANY
@given(seed=_SEEDS, at_ms=st.floats(0, 3000))
def test_a_planted_violation_is_found_and_only_that(name: str, seed: int, at_ms: float) -> None:
    planted = [_late(row, at_ms) for row in _PLANTS[name]]
    found = _counts([*clean_history(seed), *planted])
    assert found == {**dict.fromkeys(CHECKERS, 0), name: 1}


@_MANY
@given(_SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(seed: int, rng: object) -> None:
    rows = [*clean_history(seed), *(_late(row, 100) for plant in _PLANTS.values() for row in plant[1:]), login(_USER)]
    straight = check_history(frame(*rows), ())
    rng.shuffle(rows)  # type: ignore[attr-defined]
    mixed = check_history(frame(*rows), ())
    assert [(one.name, one.value, one.count) for one in straight] == [(one.name, one.value, one.count) for one in mixed]


@_MANY
@given(_SEEDS)
def test_a_doubted_answer_takes_no_violation_back_and_makes_none(seed: int) -> None:
    rows = clean_history(seed, doubtful=0.0)
    doubted = [
        {**row, "outcome": "timeout", "status": 0, "worker": "", "cart": ""}
        if n % 3 == 0 and row["op"] != "login"
        else row
        for n, row in enumerate(rows)
    ]
    assert set(_counts(doubted).values()) == {0}


def test_clean_histories_give_every_checker_something_to_check() -> None:
    rows = [row for n in range(5) for row in ({**row, "user": row["user"] + 10 * n} for row in clean_history(n))]
    found = check_history(frame(*rows), ())
    assert {checked.name: checked.value for checked in found} == dict.fromkeys(CHECKERS, "passed")


def test_an_empty_history_proves_nothing() -> None:
    found = check_history(pl.DataFrame(schema=SAMPLES_SCHEMA), ())
    assert [(checked.name, checked.value) for checked in found] == [(name, "inconclusive") for name in CHECKERS]
    assert all(checked.reasons and "crashed" not in checked.reasons[0] for checked in found)


def _polars_panics() -> None:
    raise pl.exceptions.PanicException("a bug below")


def _column_is_missing() -> None:
    pl.DataFrame({"a": [1]}).select("b")


@pytest.mark.parametrize("crash", [_polars_panics, _column_is_missing, lambda: 1 // 0])
def test_a_checker_that_crashes_is_inconclusive_and_stops_no_other(crash: Callable[[], object]) -> None:
    def broken(*_: object) -> Checked:
        crash()
        return Checked("broken", "passed", "never reached")

    first, second = check_history(
        frame(login()), (), {"broken": broken, "no_identity_mix": CHECKERS["no_identity_mix"]}
    )
    assert (first.name, first.value) == ("broken", "inconclusive")
    assert "the checker broken crashed" in first.reasons[0]
    assert second.value == "passed"


def test_an_interruption_is_no_crash_of_a_checker() -> None:
    def interrupted(*_: object) -> Checked:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_history(frame(login()), (), {"interrupted": interrupted})
