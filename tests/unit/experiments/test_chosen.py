"""The user's own faults: done to the modes that they fit, and compared with what the modes promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

import pytest

from authlab.experiments.chosen import LOGGED_OUT, ChosenFaults
from authlab.experiments.counting import mean_count, share
from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.expectation import Expectation, Measure, also
from authlab.experiments.options import Options
from authlab.faults.spec import parse_fault
from authlab.model.errors import UsageProblem
from authlab.model.modes import MODES
from authlab.model.plan import Plan, SideBySide
from tests.unit.experiments.made_faults import (
    FACTS,
    Diary,
    Held,
    always_good,
    data_of,
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

_EXPERIMENT = ChosenFaults()
_NO_STORE = "flush-store needs a mode with a store (redis); chosen: "
_NO_TOKENS = "swap-key needs a mode with signed tokens (jwt); chosen: "


def _options(*faults: str, modes: tuple[str, ...] = (), **more: float) -> Options:
    chosen = Options(faults=tuple(map(parse_fault, faults)), modes=tuple(MODES[name] for name in modes))
    return replace(chosen, **more)  # type: ignore[arg-type]


def _plans(*faults: str, modes: tuple[str, ...] = (), **more: float) -> list[Plan]:
    return plans_of(_EXPERIMENT, _options(*faults, modes=modes, **more))


def _load_s(plan: Plan) -> float:
    assert isinstance(plan.exercise, SideBySide)
    return plan.exercise.duration_s


def _predicted(options: Options) -> set[str]:
    return {prediction.mode for prediction in predicted(_EXPERIMENT, options)}


def _refusing(user: int, at_s: float, held: Held) -> tuple[str, bool]:
    return held.home, not held.issued_s < 4.0 <= at_s


def test_every_mode_gets_those_faults_that_can_be_done_to_it() -> None:
    plan = _plans("crash-worker@3s", "flush-store@4s", "swap-key@5s")[0]
    done = {arm.label: [fault.kind for fault in arm.faults] for arm in plan.arms}
    assert done == {
        "none": ["crash-worker"],
        "sticky": ["crash-worker"],
        "redis": ["crash-worker", "flush-store"],
        "jwt": ["crash-worker", "swap-key"],
    }


def test_the_control_stands_beside_the_chosen_modes() -> None:
    assert _plans("crash-worker@3s", modes=("jwt",))[0].labels == ("none", "jwt")
    assert _plans("crash-worker@3s", modes=("none",))[0].labels == ("none",)


def test_the_link_stands_only_where_a_fault_needs_it() -> None:
    plan = _plans("redis-stall@3s+1s")[0]
    assert [arm.label for arm in plan.arms if arm.linked] == ["redis"]
    assert not any(arm.linked for arm in _plans("flush-store@3s")[0].arms)


def test_the_load_goes_on_after_the_last_fault_unless_the_user_says_how_long() -> None:
    assert _load_s(_plans("pause-worker@3s+2s", "crash-worker@4s")[0]) == 13.0
    assert _load_s(_plans("crash-worker@4s", asked_s=30.0)[0]) == 30.0


@pytest.mark.parametrize(
    ("faults", "modes", "says"),
    [
        (
            ["flush-store@3s"],
            ("jwt", "sticky"),
            f"{_NO_STORE}`none`, `jwt`, `sticky`",
        ),
        (["flush-store@3s"], ("jwt",), f"{_NO_STORE}`none`, `jwt`"),
        (["swap-key@3s"], ("redis",), f"{_NO_TOKENS}`none`, `redis`"),
        (["crash-worker:worker-4@3s"], (), "there is no worker-4; there are worker-1, worker-2, worker-3"),
        (["crash-worker:redis@3s"], (), "there is no redis"),
        (
            ["crash-worker:redis@3s", "pause-worker:worker-9@3s+1s"],
            (),
            "there is no redis, worker-9; there are worker-1",
        ),
    ],
)
def test_a_fault_that_can_not_be_done_is_told_before_anything_runs(
    faults: list[str], modes: tuple[str, ...], says: str
) -> None:
    with pytest.raises(UsageProblem) as told:
        _plans(*faults, modes=modes)
    assert says in str(told.value)


def test_faults_that_end_after_the_load_are_all_named() -> None:
    with pytest.raises(UsageProblem, match=r"pause-worker, flush-store would end after the load of 9 s: .* --for"):
        _plans("pause-worker@5s+5s", "flush-store@10s", "crash-worker@9s", asked_s=9.0)


def _problems(*faults: str, **more: float) -> list[str]:
    """What is said of them, a line for each problem."""
    with pytest.raises(UsageProblem) as told:
        _plans(*faults, **more)
    return str(told.value).split("\n")


def test_all_problems_of_all_faults_are_told_at_once() -> None:
    found = _problems(
        "crash-worker:worker-9@3s",
        "scale-in=3@4s",
        "pause-worker@30s+2s",
        "clock-skew=0.5@1s+2s",
        "swap-key@1s",
        "overlap-key=1@5s",
        "redis-cut@2s+3s",
        "redis-cut@3s+1s",
        asked_s=20.0,
    )
    parts = (
        "there is no worker-9",
        "clock-skew=0.5 can't be proven",
        "scale-in at 4 s would leave 0 of 3 workers",
        "pause-worker would end after the load of 20 s",
        "swap-key, overlap-key: the signing key can be changed only once in a run",
        "redis-cut@2s+3s and redis-cut@3s+1s overlap",
    )
    assert len(found) == len(parts)
    assert all(part in line for part, line in zip(parts, found, strict=True))


def test_every_fault_that_fits_no_mode_is_told() -> None:
    with pytest.raises(UsageProblem) as told:
        _plans("flush-store@3s", "swap-key@3s", modes=("sticky",))
    assert [line.split(" needs ")[0] for line in str(told.value).split("\n")] == ["flush-store", "swap-key"]


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (["redis-latency=5ms@2s+3s", "redis-latency=9ms@4s+5s"], "would undo each other"),
        (["redis-stall@4s+1s", "redis-stall@2s+3s"], "redis-stall@2s+3s and redis-stall@4s+1s overlap"),
        (["redis-stall@2s+2s", "redis-stall@4s+1s"], "start the second after the first is over"),  # the same moment
        (["stop-worker:worker-1@2s+6s", "stop-worker:worker-1@4s+1s"], "the same worker"),
        (["pause-worker@2s+6s", "pause-worker:worker-1@4s+1s"], "name a worker for each"),
        (["pause-worker@2s+6s", "pause-worker@4s+1s"], "name a worker for each"),
        (["crash-worker@4s", "crash-worker@4s"], "the same worker"),
        (["scale-out@4s", "scale-out@4s"], "would undo each other"),
        (["clock-skew=5:worker-1@2s+6s", "clock-skew=9:worker-2@4s+6s"], "would undo each other"),
        (["redis-cut@1s+9s", "redis-cut@2s+1s", "redis-cut@8s+1s"], "redis-cut@1s+9s and redis-cut@8s+1s overlap"),
        (["swap-key@2s", "swap-key@9s"], "swap-key, swap-key: the signing key can be changed only once in a run"),
        (["compromise-key@2s", "swap-key-rolling@9s"], "give each a run of its own"),
    ],
)
def test_faults_that_would_undo_each_other_are_refused(faults: list[str], says: str) -> None:
    assert any(says in line for line in _problems(*faults))


@pytest.mark.parametrize(
    "faults",
    [
        ["redis-stall@2s+2s", "redis-stall@4.1s+1s"],
        ["redis-latency=5ms@2s+3s", "pause-worker@2s+3s"],
        ["pause-worker:worker-1@2s+6s", "pause-worker:worker-2@4s+1s"],
        ["stop-worker:worker-1@2s+6s", "crash-worker:worker-1@4s"],
        ["clock-skew=5:worker-1@2s+6s", "clock-skew=9:worker-2@9s+6s"],
        ["crash-worker@4s", "crash-worker@5s"],
        ["swap-key@2s"],
    ],
)
def test_others_may_overlap_and_follow_each_other(faults: list[str]) -> None:
    assert _plans(*faults)


@pytest.mark.parametrize(
    ("value", "fits"), [("0", False), ("1.4", False), ("-1.4", False), ("1.5", True), ("-2", True)]
)
def test_a_clock_that_no_token_can_tell_from_a_right_one_is_refused(value: str, fits: bool) -> None:
    fault = f"clock-skew={value}@3s+5s"
    if fits:
        assert _plans(fault)
    else:
        assert _problems(fault) == [
            f"clock-skew={value} can't be proven, because tokens count whole seconds: "
            "set the clock at least 1.5 s ahead or behind"
        ]


@pytest.mark.parametrize(
    ("fault", "promised"),
    [
        ("crash-worker@3s", {"redis", "jwt"}),
        ("rolling-restart@3s", {"redis", "jwt"}),
        ("flush-store@3s", {"sticky", "jwt"}),
        ("kill-redis@3s+1s", {"sticky", "jwt"}),
        ("redis-latency=5ms@3s+1s", {"sticky", "redis", "jwt"}),
        ("swap-key@3s", {"sticky", "redis"}),
        ("clock-skew=-5@3s+5s", {"sticky", "redis"}),
    ],
)
def test_nobody_is_logged_out_where_the_traits_promise_it(fault: str, promised: set[str]) -> None:
    assert _predicted(_options(fault)) == promised


def test_a_mode_that_loses_its_users_without_any_fault_promises_nothing() -> None:
    assert not MODES["memory"].traits.any_worker_serves
    assert _predicted(_options("flush-store@3s", modes=("memory", "redis", "jwt"))) == {"jwt"}


def test_a_mode_that_keeps_its_promise_confirms_and_one_that_breaks_it_refutes() -> None:
    options = _options("crash-worker@4s", modes=("redis", "jwt"))
    crash = (event("crash-worker", "worker-2", 4.0, 5.0),)
    calm = (live(always_good), crash)
    result = judged(_EXPERIMENT, {"none": (Diary(), crash), "redis": calm, "jwt": calm}, options)
    assert why_not(result) == []
    assert value_of(result) == "confirmed"
    broken = judged(_EXPERIMENT, {"redis": (live(_refusing), crash), "jwt": calm}, options)
    assert verdicts(broken) == {("redis", LOGGED_OUT): "refuted", ("jwt", LOGGED_OUT): "confirmed"}
    assert value_of(broken) == "refuted"


def test_a_mode_that_promises_nothing_is_observed_and_confirms_nothing() -> None:
    options = _options("crash-worker@4s", modes=("sticky",))
    crash = (event("crash-worker", "worker-2", 4.0, 5.0),)
    result = judged(_EXPERIMENT, {"none": (Diary(), crash), "sticky": (live(_refusing), crash)}, options)
    assert value_of(result) == "inconclusive"
    assert seen(result, "sticky", LOGGED_OUT) == 1.0


def test_only_those_count_who_asked_when_the_last_fault_was_over() -> None:
    options = _options("crash-worker@4s", "flush-store@6s", modes=("redis",), repeat=1)
    faults = (event("flush-store", "store", 6.0, 6.1), event("crash-worker", "worker-2", 4.0, 7.0))
    diary = Diary()
    for user, (last_s, outcome) in enumerate([(5.0, "ok"), (6.5, "ok"), (8.0, "auth"), (8.0, "ok")]):
        diary.login(user, -1.0, "worker-1")
        diary.ask(user, last_s, "worker-1", outcome=outcome)
    result = judged(_EXPERIMENT, {"none": (diary, ()), "redis": (diary, faults)}, options)
    (found,) = [o for o in result.observations if o.mode == "redis"]
    assert (found.value, found.samples) == (0.5, 2)


def test_where_nothing_was_done_all_users_count() -> None:
    options = _options("flush-store@4s", modes=("redis", "jwt"), repeat=1)
    diary = live(always_good, users=8)
    result = judged(
        _EXPERIMENT, {"redis": (diary, (event("flush-store", "store", 99.0, 99.0),)), "jwt": (diary, ())}, options
    )
    assert [(o.mode, o.samples) for o in result.observations] == [("jwt", 8)]


# --- what all of them share in judging ---


def _evidence(repeat: int, doubts: Sequence[tuple[str, ...]] = ()) -> Evidence:
    """Repetitions in which nobody did anything, with these doubts about `jwt`."""
    plans = _plans("flush-store@4s", modes=("redis", "jwt"), repeat=repeat)
    arms = {"jwt": (Diary(), ())}
    found = [data_of(plan, arms, {"jwt": why}) for plan, why in zip_longest(plans, doubts, fillvalue=())]
    return Evidence(tuple(found), FACTS)


def _in_turn(counts: Sequence[tuple[int, int]]) -> Callable[[ArmData], tuple[int, int]]:
    """A count for each repetition, one after the other."""
    left = iter(counts)
    return lambda arm: next(left)


def _row(measure: Measure) -> Expectation:
    return also("jwt", "q", measure)


def test_doubts_of_all_repetitions_are_told_once_each() -> None:
    evidence = _evidence(3, [("slept",), ("stepped", "slept")])
    assert evidence.doubts("jwt") == ("slept", "stepped")
    assert evidence.doubts("redis") == ()
    assert _row(share(lambda arm: (1, 2))).all_doubts(evidence) == ("slept", "stepped")


def test_shares_and_means_tell_their_intervals_and_how_much_they_are_of() -> None:
    evidence = _evidence(2)
    found = _row(share(_in_turn([(1, 4), (2, 6)]), "{hits} of {of} users")).observed(evidence)
    assert found is not None
    assert (found.value, found.blocks, found.samples, found.workers, found.unit) == (0.3, 2, 10, 3, "share")
    assert found.interval == pytest.approx((0.0667, 0.6525), abs=1e-4)
    assert found.note == "3 of 10 users"
    assert _row(share(lambda arm: (0, 0))).observed(evidence) is None
    average = _row(mean_count(lambda arm: [1.0, 2.0, 3.0], "s")).observed(_evidence(1))
    assert average is not None
    assert (average.value, average.samples, average.unit) == (2.0, 3, "s")
    assert _row(mean_count(lambda arm: [1.0], "s")).observed(_evidence(1)) is None
    pooled = _row(mean_count(lambda arm: [1.0], "s")).observed(evidence)
    assert pooled is not None
    assert (pooled.value, pooled.blocks, pooled.samples) == (1.0, 2, 2), "one of each repetition"


def test_workers_in_observations_are_those_that_the_arm_began_with() -> None:
    plans = plans_of("prefork-trap")
    arm = next(arm for arm in plans[0].arms if arm.label == "sticky")
    assert (arm.workers, Options().workers) == (2, 3)
    evidence = Evidence(tuple(data_of(plan, {"sticky": (Diary(), ())}) for plan in plans), FACTS)
    found = also("sticky", "q", share(lambda arm: (1, 2))).observed(evidence)
    assert found is not None
    assert found.workers == 2
