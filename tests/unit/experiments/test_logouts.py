"""Crashes, deploys, drains and scaling on made users: confirmed where they follow the model, refuted where not."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from authlab.experiments import new_servers, rolling_restart, sticky_drain, worker_crash
from authlab.experiments.options import Options
from authlab.experiments.rolling_restart import expected_logouts
from authlab.model.faults import FaultEvent
from tests.unit.experiments.made_faults import (
    Answer,
    Arms,
    Diary,
    Held,
    always_good,
    event,
    judged,
    live,
    predicted,
    seen,
    value_of,
    verdicts,
    why_not,
)

# --- worker-crash ---

_CRASH = event("crash-worker", "worker-2", 4.0, 5.5)


def _crashed(*, hashed: bool) -> Answer:
    """Worker-2 is away from 4 to 5.5 s, and has forgotten everything. A hash sends its users back to it."""

    def answer(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        wanted = f"worker-{user % 3 + 1}" if hashed else held.home
        away = wanted == "worker-2" and 4.0 <= at_s < 5.5
        worker = "worker-1" if away else wanted
        forgotten = held.home == "worker-2" and held.issued_s < 4.0 <= at_s
        return worker, worker == held.home and not forgotten

    return answer


def _paused_long(user: int, at_s: float, held: Held) -> tuple[str, bool]:
    """Who asks the worker that stands still is sent to another, as long as the read time-out fits in."""
    stuck = held.home == "worker-2" and 4.0 <= at_s < 7.0
    return ("worker-3", False) if stuck else (held.home, True)


def _crash_arms() -> dict[str, tuple[Diary, tuple[FaultEvent, ...]]]:
    hashed, calm = live(_crashed(hashed=True)), live(always_good)
    pause = event("pause-worker", "worker-2", 4.0, 9.0)
    return {
        "none": (Diary(), (_CRASH,)),
        "sticky": (live(_crashed(hashed=False), relogins=1), (_CRASH,)),
        "hash": (hashed, (_CRASH,)),
        "ip-hash": (hashed, (_CRASH,)),
        "redis": (calm, (_CRASH,)),
        "jwt": (calm, (_CRASH,)),
        "sticky-pause-short": (calm, (event("pause-worker", "worker-2", 4.0, 5.0),)),
        "sticky-pause-long": (live(_paused_long), (pause,)),
    }


def test_a_crash_that_logs_out_whom_it_must_confirms() -> None:
    result = judged("worker-crash", _crash_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "sticky", worker_crash.BOUND) == 1.0
    assert seen(result, "hash", worker_crash.TWICE) == 1.0
    assert seen(result, "hash", worker_crash.PER_USER) == 2.0
    alike = next(o for o in result.observations if (o.mode, o.quantity) == ("hash", worker_crash.PER_USER))
    assert alike.interval is not None
    assert alike.interval[0] < 2.0 < alike.interval[1], "counts without a spread are not therefore certain"
    bound = next(o for o in result.observations if o.quantity == worker_crash.BOUND)
    assert (bound.samples, bound.blocks) == (40, 2), "20 of 60 users, in two repetitions"


def test_a_crash_that_logs_nobody_out_refutes_where_state_lies_in_workers() -> None:
    arms = {label: (live(always_good), events) for label, (_, events) in _crash_arms().items()}
    result = judged("worker-crash", arms)
    assert value_of(result) == "refuted"
    refuted = {mode for (mode, _), value in verdicts(result).items() if value == "refuted"}
    assert refuted == {"sticky", "hash", "ip-hash", "sticky-pause-long"}


def test_a_crash_that_logs_out_others_too_refutes() -> None:
    def everybody(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        return held.home, not held.issued_s < 4.0 <= at_s

    gone = (live(everybody), (_CRASH,))
    result = judged("worker-crash", {**_crash_arms(), "sticky": gone, "redis": gone})
    found = verdicts(result)
    assert found["sticky", worker_crash.BOUND] == "confirmed"
    assert found["sticky", worker_crash.OTHERS] == "refuted"
    assert found["redis", worker_crash.ANYBODY] == "refuted"
    assert found["jwt", worker_crash.ANYBODY] == "confirmed"


def test_users_who_did_not_ask_after_the_crash_prove_nothing() -> None:
    early = live(_crashed(hashed=False), seconds=4.0)
    found = verdicts(judged("worker-crash", {"sticky": (early, (_CRASH,))}))
    assert found["sticky", worker_crash.BOUND] == "inconclusive"
    assert found["sticky", worker_crash.OTHERS] == "inconclusive"


def test_a_few_users_are_too_few_to_tell() -> None:
    arms = {"sticky": (live(_crashed(hashed=False), users=9), (_CRASH,))}
    assert verdicts(judged("worker-crash", arms))["sticky", worker_crash.BOUND] == "inconclusive"


# --- rolling-restart ---


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_log_outs_per_user_by_the_closed_form_are_the_sum_over_restarts(workers: int) -> None:
    held, total = [1 / workers] * workers, 0.0
    for worker in range(workers):
        total += held[worker]
        sent_away, held[worker] = held[worker], 0.0
        held = [share + (sent_away / (workers - 1) if other != worker else 0.0) for other, share in enumerate(held)]
    assert expected_logouts(workers) == pytest.approx(total)


def test_a_single_worker_logs_each_user_out_once() -> None:
    assert expected_logouts(1) == 1.0


def test_three_workers_log_a_user_out_1_583_times() -> None:
    assert expected_logouts(3) == pytest.approx(1.583, abs=5e-4)


_DEPLOY = event("rolling-restart", "workers", 3.0, 7.0)


def _deployed(seed: int = 3) -> Answer:
    """Worker k restarts at 3, 4.5 and 6 s and is away for half a second; its users are spread over the others."""
    rng = random.Random(seed)

    def answer(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        begins = {f"worker-{n + 1}": 3.0 + 1.5 * n for n in range(3)}
        alive = [name for name, since in begins.items() if not since <= at_s < since + 0.5]
        if held.home not in alive:
            return rng.choice(alive), False
        return held.home, not held.issued_s < begins[held.home] <= at_s

    return answer


def _deploy_arms(sticky: Answer) -> Arms:
    calm = live(always_good, seconds=13, every_s=0.4)
    sticky_one = live(sticky, seconds=13, every_s=0.25)
    return {
        label: (sticky_one if label == "sticky" else calm, (_DEPLOY,)) for label in ("none", "sticky", "redis", "jwt")
    }


def test_a_deploy_by_the_formula_confirms() -> None:
    result = judged("rolling-restart", _deploy_arms(_deployed()))
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "sticky", rolling_restart.PER_USER) == pytest.approx(expected_logouts(3), abs=0.2)
    assert seen(result, "sticky", rolling_restart.ANYBODY) == 1.0


def test_a_deploy_that_logs_everybody_out_once_refutes_the_formula_alone() -> None:
    def once(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        return held.home, not held.issued_s < 5.0 <= at_s

    found = verdicts(judged("rolling-restart", _deploy_arms(once)))
    assert found["sticky", rolling_restart.PER_USER] == "refuted"
    assert found["sticky", rolling_restart.ANYBODY] == "confirmed"


def test_lost_reads_refute_and_lost_writes_are_told_with_what_the_loads_end_cut_off_left_out() -> None:
    diary = live(always_good, seconds=13, every_s=0.4)
    for user in range(60):
        diary.ask(user, 5.0, "", outcome="proxy", op="cart")
        diary.ask(user, 5.1, "", outcome="network", op="add", reason="connection_closed")
        diary.ask(user, 13.0, "", outcome="network", op="add", reason="cancelled")
    result = judged("rolling-restart", {**_deploy_arms(_deployed()), "jwt": (diary, (_DEPLOY,))})
    found = verdicts(result)
    assert found["jwt", rolling_restart.LOST_READS] == "refuted"
    assert found["redis", rolling_restart.LOST_READS] == "confirmed"
    assert seen(result, "jwt", rolling_restart.LOST_WRITES) == 0.5


# --- sticky-drain ---

_STOP = event("stop-worker", "worker-2", 7.0, 8.2)
_SHORT_DRAIN = event("drain-worker", "worker-2", 2.0, 7.4)
_LONG_DRAIN = event("drain-worker", "worker-2", 2.0, 14.4)


def _lost_at(moment_s: float) -> Answer:
    def answer(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        return held.home, not (held.home == "worker-2" and held.issued_s < moment_s <= at_s)

    return answer


def _drain_arms() -> dict[str, tuple[Diary, tuple[FaultEvent, ...]]]:
    def expired(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        return held.home, at_s < 7.0

    return {
        "sticky-no-drain": (live(_lost_at(7.0), seconds=16), (_STOP,)),
        "sticky-drain-short": (live(_lost_at(7.05), seconds=16), (_SHORT_DRAIN,)),
        "sticky-drain-long": (live(expired, seconds=18, ttl_s=8.0, relogins=0), (_LONG_DRAIN,)),
    }


def test_a_drain_that_keeps_users_until_it_ends_confirms() -> None:
    result = judged("sticky-drain", _drain_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"


def test_a_drain_that_logs_out_at_once_refutes() -> None:
    arms = {
        **_drain_arms(),
        "sticky-drain-short": (live(_lost_at(2.5), seconds=16), (_SHORT_DRAIN,)),
        "sticky-drain-long": (live(_lost_at(3.0), seconds=18, ttl_s=8.0, relogins=0), (_LONG_DRAIN,)),
    }
    found = verdicts(judged("sticky-drain", arms))
    assert found["sticky-drain-short", sticky_drain.MEANWHILE] == "refuted"
    assert found["sticky-drain-short", sticky_drain.BOUND] == "confirmed"
    assert found["sticky-drain-long", sticky_drain.BOUND] == "refuted"


def test_a_restart_that_logs_nobody_out_refutes() -> None:
    found = verdicts(
        judged("sticky-drain", {**_drain_arms(), "sticky-no-drain": (live(always_good, seconds=16), (_STOP,))})
    )
    assert found["sticky-no-drain", sticky_drain.BOUND] == "refuted"


# --- new-servers-lack-state ---

_CHANGES = (event("scale-in", "workers", 3.0, 3.4), event("scale-out", "workers", 11.0, 11.6))


def _routed(route: Callable[[int, str, int], str]) -> Diary:
    """`route(user, home, workers)` says who serves; worker-3 forgets all when it goes."""

    def answer(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        worker = route(user, held.home, 2 if 3.4 <= at_s < 11.6 else 3)
        return worker, worker == held.home and not (held.home == "worker-3" and held.issued_s < 3.4 <= at_s)

    return live(answer, users=120, seconds=18, every_s=1.0)


def _scale_arms() -> dict[str, tuple[Diary, tuple[FaultEvent, ...]]]:
    def stays(user: int, home: str, workers: int) -> str:
        return home if home != "worker-3" or workers == 3 else f"worker-{user // 3 % 2 + 1}"

    def modulo(user: int, home: str, workers: int) -> str:
        return f"worker-{user % workers + 1}"

    def ring(user: int, home: str, workers: int) -> str:
        return f"worker-{user % 3 + 1}" if user % 3 < workers else f"worker-{user // 3 % 2 + 1}"

    calm = live(always_good, users=120, seconds=18, every_s=1.0)
    hashed = _routed(modulo)
    made = {"sticky": _routed(stays), "hash": hashed, "ip-hash": hashed, "consistent-hash": _routed(ring)}
    return {label: (diary, _CHANGES) for label, diary in {"none": calm, "redis": calm, "jwt": calm, **made}.items()}


def test_one_worker_fewer_and_one_more_by_the_arithmetic_of_routing_confirms() -> None:
    result = judged("new-servers-lack-state", _scale_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "hash", new_servers.BY_FEWER) == pytest.approx(2 / 3)
    assert seen(result, "hash", new_servers.BY_MORE) == pytest.approx(2 / 3)
    assert seen(result, "consistent-hash", new_servers.BY_FEWER) == pytest.approx(1 / 3)
    assert seen(result, "sticky", new_servers.BY_FEWER) == pytest.approx(1 / 3)
    assert seen(result, "sticky", new_servers.NEWCOMER) == 0.0


def test_routing_that_moves_more_or_fewer_than_it_should_refutes() -> None:
    arms = _scale_arms()
    result = judged("new-servers-lack-state", {**arms, "hash": arms["consistent-hash"], "sticky": arms["hash"]})
    found = verdicts(result)
    assert found["hash", new_servers.BY_FEWER] == found["hash", new_servers.BY_MORE] == "refuted"
    assert {found["sticky", q] for q in (new_servers.BY_FEWER, new_servers.BY_MORE, new_servers.NEWCOMER)} == {
        "refuted"
    }


def test_without_the_second_change_there_is_nothing_to_measure() -> None:
    arms = {label: (diary, _CHANGES[:1]) for label, (diary, _) in _scale_arms().items()}
    assert set(verdicts(judged("new-servers-lack-state", arms)).values()) == {"inconclusive"}


def test_the_newcomer_is_the_last_of_as_many_workers_as_were_asked_for() -> None:
    predictions = {(p.mode, p.quantity): p.value for p in predicted(new_servers.EXPERIMENT, Options(workers=4))}
    assert predictions["hash", new_servers.BY_MORE] == 0.75
    assert predictions["sticky", new_servers.BY_FEWER] == 0.25
