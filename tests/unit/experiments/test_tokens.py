"""Keys rotated, clocks that are off, log-outs, and many processes, on made users and tokens."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from authlab.experiments import clock_skew, key_rotation, logout_takes_effect, prefork_trap
from authlab.experiments.clock_skew import with_issuers
from authlab.experiments.key_rotation import plateau, refused_share
from authlab.experiments.options import Options
from authlab.experiments.planning import RATE_SHARE
from authlab.experiments.prefork_trap import expected_share
from authlab.model.faults import FaultEvent
from authlab.model.plan import Arm
from tests.unit.experiments.made_faults import (
    Answer,
    Diary,
    Held,
    always_good,
    event,
    judged,
    live,
    ns,
    plans_of,
    seen,
    value_of,
    verdicts,
    why_not,
)

ArmsMade = dict[str, tuple[Diary, tuple[FaultEvent, ...]]]

# --- key-rotation ---

_SWAP = event("swap-key", "workers", 3.0, 4.0)
_COMPROMISE = event("compromise-key", "workers", 3.0, 3.2, steps=[(f"worker-{n + 1}", 3.1, 3.2) for n in range(3)])
_ROLLING = event(
    "swap-key-rolling",
    "workers",
    3.0,
    16.0,
    steps=[(f"worker-{n + 1}", 3.0 + 4.0 * n, 4.0 + 4.0 * n) for n in range(4)],
)
_OVERLAP = event("overlap-key", "workers", 3.0, 14.0)


@pytest.mark.parametrize(("new", "refused"), [(0.0, 0.0), (0.25, 0.3), (0.5, 0.5), (0.75, 0.3), (1.0, 0.0)])
def test_the_share_refused_in_the_middle_of_a_rolling_swap(new: float, refused: float) -> None:
    assert refused_share(new) == pytest.approx(refused)


def _forgotten_at(moment_s: float, share: float = 1.0) -> Answer:
    def answer(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        return held.home, not (user < share * 60 and held.issued_s < moment_s <= at_s)

    return answer


def _rolled() -> Diary:
    """Four workers, each away for a second; who is refused gets a token of the kind of whichever worker it meets."""
    rng = random.Random(8)
    gone = {f"worker-{n + 1}": 3.0 + 4.0 * n for n in range(4)}

    def kind(worker: str, at_s: float) -> bool:
        return at_s >= gone[worker]

    def alive(at_s: float) -> str:
        return rng.choice([name for name, since in gone.items() if not since <= at_s < since + 1.0])

    diary = Diary()
    new: dict[int, bool] = {}
    for user in range(60):
        diary.login(user, -1.0, f"worker-{user % 4 + 1}")
        new[user] = False
    for turn in range(80):
        for user in range(60):
            at_s = (turn + (user + 0.5) / 60) / 4
            worker = alive(at_s)
            if new[user] == kind(worker, at_s):
                diary.ask(user, at_s, worker)
                continue
            diary.ask(user, at_s, worker, outcome="auth", reason="unknown_key")
            met = alive(at_s)
            diary.login(user, at_s + 0.004, met)
            new[user] = kind(met, at_s)
    return diary


def _rotation_arms() -> ArmsMade:
    return {
        "jwt-swap": (live(_forgotten_at(3.5)), (_SWAP,)),
        "jwt-compromise": (live(_forgotten_at(3.1), relogins=1), (_COMPROMISE,)),
        "jwt-rolling": (_rolled(), (_ROLLING,)),
        "jwt-overlap": (live(always_good, seconds=16), (_OVERLAP,)),
        "jwt-overlap-short": (live(_forgotten_at(7.0, share=0.5), seconds=16), (_OVERLAP,)),
    }


def test_five_rotations_as_the_matrix_says_confirm() -> None:
    result = judged("key-rotation", _rotation_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "jwt-rolling", "requests_refused_at_50_percent") == pytest.approx(0.5, abs=0.06)
    assert seen(result, "jwt-overlap-short", key_rotation.ANYBODY) == 0.5


def test_rotations_that_do_the_opposite_refute() -> None:
    calm = live(always_good, seconds=20)
    arms = {
        **_rotation_arms(),
        "jwt-swap": (calm, (_SWAP,)),
        "jwt-compromise": (calm, (_COMPROMISE,)),
        "jwt-overlap": (live(_forgotten_at(5.0), seconds=16), (_OVERLAP,)),
        "jwt-overlap-short": (calm, (_OVERLAP,)),
    }
    found = verdicts(judged("key-rotation", arms))
    for label in ("jwt-swap", "jwt-compromise", "jwt-overlap", "jwt-overlap-short"):
        assert found[label, key_rotation.ANYBODY] == "refuted", label
    assert found["jwt-compromise", key_rotation.STILL_TAKEN] == "refuted"


def test_a_rolling_swap_that_refuses_nobody_refutes_its_plateaus() -> None:
    rows = _rolled()
    for row in rows.rows:
        row |= {"outcome": "ok", "status": 200}
    found = verdicts(judged("key-rotation", {**_rotation_arms(), "jwt-rolling": (rows, (_ROLLING,))}))
    assert {value for (mode, _), value in found.items() if mode == "jwt-rolling"} == {"refuted"}


@pytest.mark.parametrize(("place", "from_s", "to_s"), [(0, 4.0, 7.0), (1, 8.0, 11.0), (2, 12.0, 15.0)])
def test_a_plateau_lies_between_one_workers_return_and_the_next_ones_leave(
    place: int, from_s: float, to_s: float
) -> None:
    rows = plateau(_rolled().samples, _ROLLING, place)
    assert rows.height > 400
    assert ns(from_s + 0.3) <= rows["sent_ns"].min() <= ns(from_s + 0.5)  # type: ignore[operator]
    assert ns(to_s - 0.3) <= rows["sent_ns"].max() < ns(to_s)  # type: ignore[operator]
    assert "login" not in rows["op"].to_list()


def test_without_the_restarts_there_is_no_plateau() -> None:
    assert plateau(_rolled().samples, _ROLLING, 3).is_empty(), "after the last worker all have the new key"
    assert plateau(_rolled().samples, event("swap-key-rolling", "workers", 3.0, None), 0).is_empty()


def test_a_plateau_is_found_whatever_the_rate_and_however_short_the_restarts() -> None:
    quick = event("swap-key-rolling", "workers", 3.0, 9.3, steps=[("worker-1", 3.0, 3.2), ("worker-2", 6.2, 6.4)])
    sparse = live(always_good, users=4, every_s=2.0, seconds=12)
    sent = plateau(sparse.samples, quick, 0)["sent_ns"].to_list()
    assert sent
    assert all(ns(3.5) < moment < ns(6.2) for moment in sent)


# --- clock-skew ---

_SKEWED = event("clock-skew", "worker-2", 2.0, 21.5, steps=[("worker-2", 2.0, 5.0), ("worker-2", 19.5, 21.5)])
_TTL_S = 6.0


def _clocks(skew_s: float, leeway_s: float = 0.0, seed: int = 4) -> Diary:
    """Tokens of three workers, one of which has its clock off by `skew_s`; as many users and requests as by default."""
    rng = random.Random(seed)
    workers = ("worker-1", "worker-2", "worker-3")

    def clock(worker: str, at_s: float) -> float:
        return at_s + (skew_s if worker == "worker-2" else 0.0)

    def answer(user: int, at_s: float, held: Held) -> tuple[str, bool]:
        worker = rng.choice(workers)
        issued, now = clock(held.home, held.issued_s), clock(worker, at_s)
        return worker, issued <= now + leeway_s and now < issued + _TTL_S + leeway_s

    users = plans_of("clock-skew")[0].arms[0].users
    every_s = users / (Options().rate_rps * RATE_SHARE)
    return live(
        answer,
        users=users,
        seconds=22,
        every_s=every_s,
        ttl_s=_TTL_S,
        again_at=lambda user, refuser: rng.choice(workers),
    )


def _skewed_arms(ahead: float = 3.0, behind: float = -3.0, leeway: float = 3.0) -> ArmsMade:
    return {
        "jwt-ahead": (_clocks(ahead), (_SKEWED,)),
        "jwt-behind": (_clocks(behind), (_SKEWED,)),
        "jwt-ahead-leeway": (_clocks(ahead, leeway), (_SKEWED,)),
    }


def test_a_clock_that_is_off_refuses_and_prolongs_by_the_model() -> None:
    result = judged("clock-skew", _skewed_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "jwt-ahead", clock_skew.OWN_REFUSED) == pytest.approx(2 / 3, abs=0.07)


def test_clocks_that_agree_refute_and_a_leeway_that_does_nothing_too() -> None:
    found = verdicts(judged("clock-skew", _skewed_arms(ahead=0.0, behind=0.0)))
    assert found["jwt-ahead", clock_skew.OLD_REFUSED] == "refuted"
    assert found["jwt-ahead", clock_skew.OWN_REFUSED] == "refuted"
    assert found["jwt-behind", clock_skew.FRESH_REFUSED] == "refuted"
    assert found["jwt-behind", clock_skew.TOO_LONG] == "refuted"
    found = verdicts(judged("clock-skew", _skewed_arms(leeway=0.0)))
    assert found["jwt-ahead-leeway", clock_skew.OLD_REFUSED] == "refuted"
    assert found["jwt-ahead-leeway", clock_skew.OWN_REFUSED] == "refuted"


def test_a_request_is_told_by_the_issuer_and_the_age_of_its_token() -> None:
    diary = Diary()
    diary.login(0, 5.497, "worker-3")
    diary.ask(0, 7.5, "worker-1")
    diary.ask(0, 8.0, "worker-2", outcome="timeout")
    found = with_issuers(diary.samples, _SKEWED)
    assert found["issuer"].to_list() == ["worker-3"]
    assert found["age_s"].to_list() == [pytest.approx(2.0)]


def test_tokens_from_before_the_clock_had_settled_and_the_time_of_its_end_are_left_out() -> None:
    diary = Diary()
    diary.login(0, 4.9, "worker-1")
    diary.ask(0, 6.0, "worker-1")
    diary.login(1, 18.0, "worker-1")
    diary.ask(1, 19.6, "worker-1")
    assert with_issuers(diary.samples, _SKEWED).is_empty()
    assert with_issuers(diary.samples, event("clock-skew", "worker-2", 2.0, None)).is_empty(), "no restart, no skew"
    unended = event("clock-skew", "worker-2", 2.0, None, steps=[("worker-2", 2.0, 5.0)])
    assert with_issuers(diary.samples, unended).height == 1


# --- logout-takes-effect ---


def _left(*, taken: Callable[[float, float], bool], ttl_s: float | None = None) -> Diary:
    """Each logs out between 2 and 8 s and goes on; `taken(since log-out, since log-in)` tells what then works."""
    diary = Diary()
    for user in range(40):
        diary.login(user, -1.0, "worker-1", ttl_s=ttl_s)
    for user in range(40):
        leaves_s = 2.0 + user * 0.15
        at_s = user / 80
        while at_s < 20.0:
            if at_s < leaves_s or taken(at_s - leaves_s, at_s + 1.0):
                diary.ask(user, at_s, "worker-1")
            else:
                diary.ask(user, at_s, "worker-1", outcome="auth", reason="revoked")
            if at_s <= leaves_s < at_s + 0.5:
                diary.ask(user, leaves_s, "worker-1", op="logout", status=204)
            at_s += 0.5
    return diary


def _leaving_arms() -> ArmsMade:
    session = _left(taken=lambda since, age: False)
    token = _left(taken=lambda since, age: age < 15.0, ttl_s=15.0)
    return {
        label: (token if label.startswith("jwt") else session, ()) for label in ("sticky", "redis", "jwt", "jwt-cookie")
    }


def test_a_session_that_ends_at_once_and_a_token_that_ends_at_its_expiry_confirm() -> None:
    result = judged("logout-takes-effect", _leaving_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "jwt", logout_takes_effect.BEYOND) == pytest.approx(0.0, abs=0.3)
    assert seen(result, "jwt", logout_takes_effect.TAKEN) > 0.3
    assert seen(result, "redis", logout_takes_effect.TAKEN) == 0.0


def test_a_session_that_goes_on_and_a_token_that_is_revoked_refute() -> None:
    slow = _left(taken=lambda since, age: since < 4.0)
    longer = _left(taken=lambda since, age: age < 18.0, ttl_s=15.0)
    shorter = _left(taken=lambda since, age: since < 1.0, ttl_s=15.0)
    arms = {**_leaving_arms(), "redis": (slow, ()), "jwt": (longer, ()), "jwt-cookie": (shorter, ())}
    found = verdicts(judged("logout-takes-effect", arms))
    assert found == {
        ("sticky", logout_takes_effect.TAKEN): "confirmed",
        ("redis", logout_takes_effect.TAKEN): "refuted",
        ("jwt", logout_takes_effect.BEYOND): "refuted",
        ("jwt-cookie", logout_takes_effect.BEYOND): "refuted",
    }


def test_the_predicted_end_of_a_token_follows_the_leeway_that_its_arm_was_given() -> None:
    def predicted_ends(leeway: dict[str, str]) -> set[float | None]:
        plans = plans_of("logout-takes-effect", Options())
        arms = [tuple(_with_leeway(arm, leeway) for arm in plan.arms) for plan in plans]
        rows = logout_takes_effect.EXPERIMENT.rows([replace(p, arms=a) for p, a in zip(plans, arms, strict=True)])
        return {
            r.prediction.value for r in rows if r.prediction and r.prediction.quantity == logout_takes_effect.BEYOND
        }

    assert predicted_ends({"AUTHLAB_LEEWAY_S": "4"}) == {4.0}
    assert predicted_ends({}) == {0.0}, "a plan from before there was a default"


def _with_leeway(arm: Arm, leeway: dict[str, str]) -> Arm:
    kept = {name: value for name, value in arm.settings.items() if name != "AUTHLAB_LEEWAY_S"}
    return replace(arm, settings=kept | leeway)


def test_a_token_that_never_ends_while_we_look_is_not_measured() -> None:
    endless = _left(taken=lambda since, age: True, ttl_s=15.0)
    found = verdicts(judged("logout-takes-effect", {**_leaving_arms(), "jwt": (endless, ())}))
    assert found["jwt", logout_takes_effect.BEYOND] == "inconclusive"


# --- prefork-trap ---


def _processes(k: int, *, knows: Callable[[str, str], bool] = lambda home, met: home == met, seed: int = 6) -> Diary:
    """Two workers of `k` processes each: stickiness finds the worker, the kernel deals out the processes."""
    rng = random.Random(seed)
    diary = Diary()

    def met(user: int) -> str:
        host = f"worker-{user % 2 + 1}"
        return host if k == 1 else f"{host}.p{rng.randint(1, k)}"

    for user in range(50):
        diary.login(user, -1.0, met(user))
    for turn in range(20):
        for user in range(50):
            worker = met(user)
            good = knows(diary.held[user].home, worker)
            diary.ask(user, (turn + user / 50) / 2, worker, outcome="ok" if good else "auth")
    return diary


def _prefork_arms() -> ArmsMade:
    return {
        "sticky": (_processes(1), ()),
        "sticky-2-processes": (_processes(2), ()),
        "sticky-4-processes": (_processes(4), ()),
    }


def test_processes_that_share_nothing_confirm() -> None:
    result = judged("prefork-trap", _prefork_arms())
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    assert seen(result, "sticky-2-processes", prefork_trap.REFUSED) == pytest.approx(0.5, abs=0.05)
    assert seen(result, "sticky-4-processes", prefork_trap.REFUSED) == pytest.approx(0.75, abs=0.05)


def test_processes_that_share_their_memory_refute() -> None:
    shared = {label: (_processes(k, knows=lambda home, met: True), ()) for label, k in _LABELS.items()}
    found = verdicts(judged("prefork-trap", {**_prefork_arms(), **shared}))
    assert found["sticky-2-processes", prefork_trap.BEYOND] == "refuted"
    assert found["sticky-4-processes", prefork_trap.BEYOND] == "refuted"


_LABELS = {"sticky-2-processes": 2, "sticky-4-processes": 4}


def _dealt(homes: dict[int, str], served: list[tuple[int, str]]) -> pl.DataFrame:
    diary = Diary()
    for user, home in homes.items():
        diary.login(user, -1.0, home)
    for number, (user, worker) in enumerate(served):
        diary.ask(user, number / 10, worker)
    return diary.samples


def test_the_expected_share_by_hand() -> None:
    homes = {0: "worker-1.p1", 1: "worker-1.p2"}
    fair = [(user, f"worker-1.p{p}") for user in (0, 1) for p in (1, 2)]
    assert expected_share(_dealt(homes, fair)) == pytest.approx(0.5)
    uneven = [(0, "worker-1.p1"), (1, "worker-1.p1"), (0, "worker-1.p1"), (1, "worker-1.p2")]
    assert expected_share(_dealt(homes, uneven)) == pytest.approx(1 - (0.5 * 0.75 + 0.5 * 0.25))


def test_each_worker_has_processes_of_its_own() -> None:
    homes = {0: "worker-1.p1", 1: "worker-2.p1"}
    served = [(0, "worker-1.p1"), (0, "worker-1.p2"), (1, "worker-2.p1"), (1, "worker-2.p1")]
    assert expected_share(_dealt(homes, served)) == pytest.approx((0.5 + 0.5 + 0 + 0) / 4)


def test_a_process_that_never_serves_knows_nobody_who_asks() -> None:
    assert expected_share(_dealt({0: "worker-1.p2"}, [(0, "worker-1.p1")])) == 1.0


def test_one_process_refuses_nobody_and_nobody_refuses_nobody() -> None:
    assert expected_share(_processes(1).samples) == 0.0
    assert expected_share(Diary().samples) == 0.0


def test_the_arms_have_as_many_processes_as_their_names_say() -> None:
    plan = plans_of("prefork-trap")[0]
    assert {arm.label: arm.settings["AUTHLAB_PROCESSES"] for arm in plan.arms} == {
        "sticky": "1",
        "sticky-2-processes": "2",
        "sticky-4-processes": "4",
    }
