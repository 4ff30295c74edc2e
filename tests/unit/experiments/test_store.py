"""The store restarted, slowed down and emptied, on made users: confirmed by the model, refuted without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from authlab.experiments import login_storm, redis_latency, redis_restart, storm_metastable
from authlab.experiments.login_storm import storm
from authlab.experiments.options import Options
from authlab.experiments.redis_latency import medians, stretches
from authlab.model.faults import FaultEvent
from authlab.model.modes import MODES
from tests.unit.experiments.made_faults import (
    Arms,
    Diary,
    always_good,
    event,
    judged,
    live,
    plans_of,
    predicted,
    seen,
    value_of,
    verdicts,
    why_not,
)

# --- redis-restart ---

_STOP = event("stop-redis", "store", 3.0, 5.05)
_KILL = event("kill-redis", "store", 3.0, 5.05)


def _store_away(*, keeps: bool, back_s: float = 5.05, meanwhile: str = "server") -> Diary:
    """No store from 3 s on; after it a new one, with or without the sessions of the old."""
    diary = Diary()
    for user in range(60):
        diary.login(user, -1.0, "worker-1")
    for turn in range(24):
        for user in range(60):
            at_s = (turn + (user + 0.5) / 60) / 2
            if 3.0 <= at_s < back_s:
                diary.ask(user, at_s, "worker-1", outcome=meanwhile)
            elif at_s >= back_s and not keeps and diary.held[user].issued_s < 3.0:
                diary.ask(user, at_s, "worker-1", outcome="auth", reason="unknown_session")
                diary.login(user, at_s + 0.01, "worker-1")
            else:
                diary.ask(user, at_s, "worker-1")
    return diary


def _restart_arms() -> dict[str, tuple[Diary, tuple[FaultEvent, ...]]]:
    calm = live(always_good)
    return {
        "none": (calm, ()),
        "redis": (_store_away(keeps=False), (_STOP,)),
        "redis-aof": (_store_away(keeps=True), (_KILL,)),
        "redis-aof-always": (_store_away(keeps=True), (_KILL,)),
        "jwt": (calm, ()),
    }


def test_a_store_that_forgets_and_one_that_keeps_confirm() -> None:
    result = judged("redis-restart", _restart_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "redis", redis_restart.ANYBODY) == 1.0
    assert seen(result, "redis-aof", redis_restart.UNAVAILABLE) == 1.0
    assert 0 <= seen(result, "redis", redis_restart.BACK) < 0.1


def test_an_append_only_file_that_keeps_nothing_refutes() -> None:
    found = verdicts(judged("redis-restart", {**_restart_arms(), "redis-aof": (_store_away(keeps=False), (_KILL,))}))
    assert found["redis-aof", redis_restart.ANYBODY] == "refuted"
    assert found["redis-aof-always", redis_restart.ANYBODY] == "confirmed"
    assert found["redis", redis_restart.ANYBODY] == "confirmed"


def test_a_refusal_while_the_store_is_away_refutes() -> None:
    wrong = _store_away(keeps=False, meanwhile="auth")
    found = verdicts(judged("redis-restart", {**_restart_arms(), "redis": (wrong, (_STOP,))}))
    assert found["redis", redis_restart.REFUSED] == "refuted"
    assert found["redis", redis_restart.UNAVAILABLE] == "refuted"


def test_a_service_that_takes_long_to_come_back_refutes() -> None:
    slow = _store_away(keeps=False, back_s=7.5)
    result = judged("redis-restart", {**_restart_arms(), "redis": (slow, (_STOP,))})
    assert verdicts(result)["redis", redis_restart.BACK] == "refuted"
    assert seen(result, "redis", redis_restart.BACK) == pytest.approx(2.45, abs=0.1)


def test_no_time_is_told_from_an_end_that_nobody_saw() -> None:
    unseen = replace(_STOP, end_ns=None)
    found = verdicts(judged("redis-restart", {**_restart_arms(), "redis": (_store_away(keeps=False), (unseen,))}))
    assert found["redis", redis_restart.BACK] == "inconclusive"


# --- redis-latency ---

_STARTS_S = (2.0, 5.5, 9.0, 12.5)


def _delays(values: Sequence[float] = (5.0, 1.0, 10.0, 2.0), *, proven: bool = True) -> tuple[FaultEvent, ...]:
    return tuple(
        event(
            "redis-latency",
            "store",
            start,
            start + 2.5,
            "a PING to the store took longer" if proven else "",
            value=value,
        )
        for start, value in zip(_STARTS_S, values, strict=True)
    )


def _slowed(per_ms: float, faults: Sequence[FaultEvent] = (), base_ms: float = 2.0) -> Diary:
    """Requests that take `per_ms` milliseconds longer for each millisecond that the store is further away."""
    added = dict(zip(_STARTS_S, (5.0, 1.0, 10.0, 2.0), strict=True))
    diary = Diary()
    for user in range(20):
        diary.login(user, -1.0, "worker-1")
    for turn in range(80):
        for user in range(20):
            at_s = (turn + (user + 0.5) / 20) / 5
            delay = sum(value for start, value in added.items() if start <= at_s < start + 2.5)
            diary.ask(user, at_s, "worker-1", took_s=(base_ms + per_ms * delay) / 1e3)
    return diary


def _latency_arms(redis: float = 1.0, jwt: float = 0.0) -> Arms:
    faults = _delays()
    return {"none": (_slowed(0.0), ()), "redis": (_slowed(redis), faults), "jwt": (_slowed(jwt), ())}


def _medians(diary: Diary, faults: Sequence[FaultEvent]) -> list[tuple[float, float]]:
    """(delay, median) of each stretch."""
    spans = stretches(diary.samples, faults)
    return [(spans[number][0], median) for number, median in medians(diary.samples, spans).items()]


def test_medians_are_those_of_the_stretches_with_one_delay_and_of_those_in_between() -> None:
    found = _medians(_slowed(1.0), _delays())
    expected = [(0, 2), (5, 7), (0, 2), (1, 3), (0, 2), (10, 12), (0, 2), (2, 4)]
    assert [(round(delay, 6), round(median, 6)) for delay, median in found] == expected


def test_one_round_trip_per_request_confirms_with_the_exact_slope() -> None:
    result = judged("redis-latency", _latency_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    slope = next(o for o in result.observations if o.mode == "redis")
    assert slope.value == pytest.approx(1.0)
    assert slope.interval == pytest.approx((1.0, 1.0))
    assert seen(result, "jwt", redis_latency.SLOPE) == pytest.approx(0.0)
    assert "10 ms: +10.00 ms" in slope.note


def test_two_round_trips_or_a_token_that_waits_for_the_store_refute() -> None:
    found = verdicts(judged("redis-latency", _latency_arms(redis=2.0, jwt=1.0)))
    assert found == {("redis", redis_latency.SLOPE): "refuted", ("jwt", redis_latency.SLOPE): "refuted"}


def test_a_stretch_with_too_few_requests_has_no_median() -> None:
    diary = Diary()
    diary.login(0, -1.0, "worker-1")
    for turn in range(75):
        diary.ask(0, turn / 5, "worker-1")
    assert _medians(diary, _delays()) == []


def test_a_delay_that_nothing_proves_is_no_delay_of_zero() -> None:
    unproven = (replace(_delays()[0], proof=""), *_delays()[1:])
    found = _medians(_slowed(1.0), unproven)
    assert all(median == pytest.approx(2.0) for delay, median in found if delay == 0)
    assert [round(delay) for delay, _ in found] == [0, 0, 1, 0, 10, 0, 2]


def test_nothing_is_known_after_a_delay_that_was_not_seen_to_end() -> None:
    endless = (_delays()[0], replace(_delays()[1], end_ns=None), *_delays()[2:])
    found = _medians(_slowed(1.0), endless)
    assert [round(delay) for delay, _ in found] == [0, 5, 0]
    assert all(median == pytest.approx(2.0) for delay, median in found if delay == 0)


def test_without_a_single_proof_the_slope_is_not_measured() -> None:
    arms = {**_latency_arms(), "redis": (_slowed(1.0), _delays(proven=False))}
    assert set(verdicts(judged("redis-latency", arms)).values()) == {"inconclusive"}


def test_tokens_are_compared_with_the_stores_delays_or_not_at_all() -> None:
    assert [p.mode for p in predicted("redis-latency", Options(modes=(MODES["redis"],)))] == ["redis"]
    assert predicted("redis-latency", Options(modes=(MODES["jwt"],))) == ()


def test_the_delays_are_measured_three_times_at_least_but_for_a_quick_look() -> None:
    assert [len(plans_of("redis-latency", Options(repeat=times))) for times in (1, 2, 5)] == [3, 3, 5]
    assert len(plans_of("redis-latency", Options(repeat=1, quick=True))) == 1


def test_the_seed_chooses_the_order_of_the_delays() -> None:
    orders = [
        tuple(fault.value for arm in plan.arms for fault in arm.faults)
        for plan in plans_of("redis-latency", Options(repeat=6))
    ]
    assert len(set(orders)) > 1
    assert {tuple(sorted(order, key=lambda value: value or 0.0)) for order in orders} == {redis_latency.DELAYS_MS}
    again = plans_of("redis-latency", Options(repeat=6))
    assert [tuple(f.value for arm in plan.arms for f in arm.faults) for plan in again] == orders


# --- login-storm ---

_FLUSH = event("flush-store", "store", 3.0, 3.01)


def _stormy(took_s: float, *, users: int = 50, first_s: float = 5.0) -> Diary:
    """All first log-ins take `first_s` together; before the flush 100 requests a second of 3 ms each; after it the
    last log-in is over `took_s` later.
    """
    diary = Diary()
    each = first_s / users
    for user in range(users):
        diary.login(user, -6.0 + user * each, "worker-1", took_s=each)
    for turn in range(6):
        for user in range(users):
            diary.ask(user, (turn + user / users) / 2, "worker-1")
    for user in range(users):
        back_s = 3.02 + user / users * 0.5
        diary.ask(user, back_s, "worker-1", outcome="auth", reason="unknown_session")
        done_s = 3.0 + took_s * (user + 1) / users
        diary.login(user, back_s + 0.004, "worker-1", took_s=max(0.05, done_s - back_s - 0.004))
    return diary


def test_the_formula_is_hashing_time_over_what_requests_leave_free() -> None:
    diary = _stormy(7.0)
    found = storm(diary.samples, _FLUSH, 1)
    assert found is not None
    took_s, expected_s = found
    assert took_s == pytest.approx(7.0, abs=1e-6)
    assert expected_s == pytest.approx(5.0 / (1 - 0.3), rel=0.01), "300 requests of 3 ms in 3 s"


def test_half_as_many_users_to_hash_for_take_half_as_long() -> None:
    whole = _stormy(7.0)
    half = whole.samples.filter((whole.samples["user"] < 25) | (whole.samples["sent_ns"] < _FLUSH.start_ns))
    found = storm(half, _FLUSH, 1)
    assert found is not None
    assert found[1] == pytest.approx(2.5 / (1 - 0.3), rel=0.01)


def test_it_takes_at_least_as_long_as_the_last_user_stays_away() -> None:
    found = storm(_stormy(1.0, first_s=0.05).samples, _FLUSH, 1)
    assert found is not None
    assert found[1] == pytest.approx(0.51, abs=1e-6)


def test_a_storm_as_long_as_the_formula_says_confirms_and_a_longer_one_refutes() -> None:
    good = judged("login-storm", {"redis": (_stormy(7.2), (_FLUSH,))})
    assert why_not(good) == []
    assert value_of(good) == "confirmed"
    assert seen(good, "redis", login_storm.RECOVERY) == pytest.approx(7.2, abs=1e-6)
    assert value_of(judged("login-storm", {"redis": (_stormy(12.0), (_FLUSH,))})) == "refuted"
    assert value_of(judged("login-storm", {"redis": (_stormy(3.0), (_FLUSH,))})) == "refuted"


def test_one_storm_alone_decides_nothing() -> None:
    quick = judged("login-storm", {"redis": (_stormy(7.2), (_FLUSH,))}, Options(repeat=1, quick=True))
    assert value_of(quick) == "inconclusive"
    assert "without an interval" in quick.judgements[0].verdict.summary
    assert "--repeat" in quick.judgements[0].verdict.reasons[0]


def test_a_storm_is_made_three_times_at_least() -> None:
    assert [len(plans_of("login-storm", Options(repeat=times))) for times in (1, 2, 5)] == [3, 3, 5]


def test_where_nobody_had_to_log_in_again_there_was_no_storm() -> None:
    assert storm(live(always_good).samples, _FLUSH, 1) is None
    assert storm(Diary().samples, _FLUSH, 1) is None
    assert value_of(judged("login-storm", {"redis": (live(always_good), (_FLUSH,))})) == "inconclusive"


# --- storm-metastable ---

_OUT = event("flush-store", "store", 2.0, 2.01)


def _metastable(*, storm_share: float, calm_share: float) -> Diary:
    """The storm lasts to 12 s, the calm to 42 s: each with the share of requests that succeed."""
    diary = Diary()
    diary.login(0, -1.0, "worker-1")
    for number in range(4200):
        at_s = number / 100
        wanted = 1.0 if at_s < 2 else storm_share if at_s < 12 else calm_share
        good = (number * 7919 % 1000) / 1000 < wanted
        diary.ask(0, at_s, "worker-1", outcome="ok" if good else "timeout")
    return diary


def test_patience_that_recovers_and_impatience_that_needs_the_drop_confirm() -> None:
    arms = {
        "redis-patient": (_metastable(storm_share=1.0, calm_share=1.0), (_OUT,)),
        "redis-impatient": (_metastable(storm_share=0.03, calm_share=0.97), (_OUT,)),
    }
    result = judged("storm-metastable", arms)
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    late = next(o for o in result.observations if o.mode == "redis-patient")
    assert (late.samples, late.blocks) == (2 * 299, 2), "the last three seconds, in two repetitions"


def test_impatience_that_recovers_by_itself_refutes() -> None:
    arms = {
        "redis-patient": (_metastable(storm_share=1.0, calm_share=1.0), (_OUT,)),
        "redis-impatient": (_metastable(storm_share=1.0, calm_share=1.0), (_OUT,)),
    }
    found = verdicts(judged("storm-metastable", arms))
    assert found["redis-impatient", storm_metastable.LATE_IN_STORM] == "refuted"
    assert found["redis-impatient", storm_metastable.AFTER_DROP] == "confirmed"


def test_the_storms_are_one_after_the_other() -> None:
    plans = plans_of("storm-metastable")
    assert [plan.labels for plan in plans] == 2 * [("redis-patient",), ("redis-impatient",)]
    assert [plan.stage for plan in plans] == ["r1-patient", "r1-impatient", "r2-patient", "r2-impatient"]
    assert [plan.seed for plan in plans] == [1, 1, 2, 2]
