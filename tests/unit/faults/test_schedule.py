"""The schedule of faults: each at its moment, recorded, and undone exactly once whatever happens.

The stacks and faults are made by hand: what real faults do to real stacks is tested in tests/stack.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from authlab.faults.catalogue import FAULTS
from authlab.faults.schedule import FaultSchedule, order_of
from authlab.model.errors import LabError, UsageProblem
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.stack.secrets import make_secrets
from tests.unit.faults.made_stacks import SECRETS, BareStack, MadeFault, MadeLink, MadeStack, made

_SOON_S = 0.05
_WITHIN_S = 20.0


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make a kind of made fault known."""

    def make(kind: str, **attributes: object) -> None:
        monkeypatch.setitem(FAULTS, kind, made(kind, **attributes))

    return make


class _Told:
    """What the schedule told, each time."""

    def __init__(self) -> None:
        self.times: list[tuple[FaultEvent, ...]] = []

    def __call__(self, events: Sequence[FaultEvent]) -> None:
        self.times.append(tuple(events))


def _schedule(
    stack: BareStack,
    *planned: PlannedFault,
    told: Callable[[Sequence[FaultEvent]], None] = lambda events: None,
    seed: int = 1,
) -> FaultSchedule:
    return FaultSchedule(stack, planned, SECRETS, seed, told)  # type: ignore[arg-type]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.002)


def _carried_out(schedule: FaultSchedule) -> FaultSchedule:
    schedule.begin(time.monotonic_ns())
    _wait(lambda: schedule.is_over)
    return schedule


def _called(stack: BareStack) -> list[str]:
    return [step[0] for step in stack.done]


# --- targets and values ---

_CRASH = PlannedFault("crash-worker", 4.0)


def _target(seed: int, planned: PlannedFault = _CRASH, count: int = 3) -> str:
    return order_of(planned, MadeStack(count), SECRETS, seed).target  # type: ignore[arg-type]


def test_equal_seeds_choose_equal_workers_in_every_mode() -> None:
    assert [_target(seed) for seed in range(20)] == [_target(seed) for seed in range(20)]
    bare = [order_of(_CRASH, BareStack(), SECRETS, seed).target for seed in range(20)]  # type: ignore[arg-type]
    assert bare == [_target(seed) for seed in range(20)], "only the names of the workers count"


def test_seeds_and_moments_choose_among_all_workers() -> None:
    assert {_target(seed) for seed in range(60)} == {"worker-1", "worker-2", "worker-3"}
    assert {_target(1, PlannedFault("crash-worker", at / 2)) for at in range(60)} == {
        "worker-1",
        "worker-2",
        "worker-3",
    }


def test_a_worker_that_is_named_is_the_one() -> None:
    assert {_target(seed, PlannedFault("crash-worker", 4.0, target="worker-3")) for seed in range(20)} == {"worker-3"}


def test_a_worker_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageProblem, match="crash-worker: there is no worker-9; there are worker-1, worker-2"):
        _target(1, PlannedFault("crash-worker", 4.0, target="worker-9"), count=2)


def test_what_is_not_done_to_a_worker_is_done_to_the_store_or_to_all_workers() -> None:
    assert _target(1, PlannedFault("flush-store", 1.0)) == "store"
    assert _target(1, PlannedFault("rolling-restart", 1.0)) == "workers"


def test_a_value_that_is_not_given_is_the_default_and_zero_is_a_value() -> None:
    def value(kind: str, given: float | None) -> float:
        return order_of(PlannedFault(kind, 1.0, value=given), MadeStack(), SECRETS, 1).value  # type: ignore[arg-type]

    assert value("rolling-restart", None) == 1.0
    assert value("rolling-restart", 0.0) == 0.0
    assert value("clock-skew", -5.0) == -5.0
    assert value("crash-worker", None) == 0.0


@pytest.mark.parametrize("kind", FAULTS)
def test_a_stack_without_the_capability_is_refused_before_anything_begins(kind: str) -> None:
    with pytest.raises(UsageProblem, match=f"{kind} can't be done to this stack: it has no [a-z]") as told:
        _schedule(BareStack(), PlannedFault(kind, 1.0, 1.0, 1.0))
    for need in FAULTS[kind].needs:
        assert need.__name__.lower() in str(told.value), "all that is missing is told"


@pytest.mark.parametrize("kind", ["redis-latency", "redis-stall", "redis-cut"])
def test_a_stack_without_a_link_is_refused_where_it_is_needed(kind: str) -> None:
    planned = PlannedFault(kind, 1.0, 1.0, 5.0)
    with pytest.raises(UsageProblem, match=f"{kind} can't be done to this stack: it has no link in front of a store"):
        _schedule(MadeStack(link=None), planned)
    assert _schedule(MadeStack(link=MadeLink()), planned).orders[0].target == "store"


def test_every_fault_can_be_done_to_a_stack_that_has_it_all() -> None:
    planned = [PlannedFault(kind, 1.5, 1.0, 1.0) for kind in FAULTS]
    schedule = _schedule(MadeStack(link=MadeLink()), *planned)
    assert len(schedule.sentences) == len(FAULTS)
    assert all(sentence.startswith("at 1.5 s: ") for sentence in schedule.sentences)


# --- carried out ---


def test_a_fault_begins_at_its_moment_and_ends_after_its_time(known: Callable[..., None]) -> None:
    known("made")
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("made", 0.1, 0.15, target="worker-3"))
    origin = time.monotonic_ns()
    schedule.begin(origin)
    assert not schedule.is_over
    _wait(lambda: schedule.is_over)
    (event,) = schedule.events
    assert (event.kind, event.target, event.proof) == ("made", "worker-3", "it took; it is over")
    assert event.end_ns is not None
    assert event.start_ns >= origin + 100_000_000
    assert event.end_ns >= event.start_ns + 150_000_000
    assert stack.done == [("begin", "worker-3", 0.5), ("end", "worker-3", 0.5)]
    assert schedule.problems == []


def test_a_fault_that_ends_by_itself_is_ended_as_soon_as_it_has_begun(known: Callable[..., None]) -> None:
    known("made")
    stack = MadeStack()
    schedule = _carried_out(_schedule(stack, PlannedFault("made", 0.0)))
    assert _called(stack) == ["begin", "end"]
    assert schedule.events[0].end_ns is not None


def test_a_moment_that_has_passed_is_now(known: Callable[..., None]) -> None:
    known("made")
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("made", 1.0))
    schedule.begin(time.monotonic_ns() - 5_000_000_000)
    _wait(lambda: schedule.is_over)
    assert _called(stack) == ["begin", "end"]


def test_faults_may_overlap_and_are_told_by_their_start(known: Callable[..., None]) -> None:
    gate = threading.Event()
    known("slow", gate=gate)
    known("quick", gate=None)
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("quick", _SOON_S), PlannedFault("slow", 0.0))
    schedule.begin(time.monotonic_ns())
    _wait(lambda: [event.kind for event in schedule.events if event.end_ns] == ["quick"])
    assert not schedule.is_over, "the slow one is still at it"
    gate.set()
    _wait(lambda: schedule.is_over)
    assert [event.kind for event in schedule.events] == ["slow", "quick"]
    assert sorted(_called(stack)) == ["begin", "begin", "end", "end"]


def test_in_turn_a_fault_waits_until_the_one_before_has_been_over_for_a_while(known: Callable[..., None]) -> None:
    gate = threading.Event()
    known("slow", gate=gate)
    known("next")
    stack: Any = MadeStack()
    planned = [PlannedFault("slow", 0.0), PlannedFault("next", 0.01)]
    schedule = FaultSchedule(stack, planned, SECRETS, 1, lambda events: None, in_turn_s=0.2)
    schedule.begin(time.monotonic_ns())
    time.sleep(0.3)
    assert _called(stack) == ["begin"], "the next one's moment has passed, but it is not its turn"
    gate.set()
    _wait(lambda: schedule.is_over)
    slow, after = schedule.events
    assert slow.end_ns is not None
    assert after.start_ns - slow.end_ns >= 200_000_000


def test_a_fault_whose_turn_never_came_is_not_done_after_an_abort(known: Callable[..., None]) -> None:
    known("made")
    stack: Any = MadeStack()
    planned = [PlannedFault("made", 0.0, 600.0), PlannedFault("made", 0.0)]
    schedule = FaultSchedule(stack, planned, SECRETS, 1, lambda events: None, in_turn_s=0.0)
    schedule.begin(time.monotonic_ns())
    _wait(lambda: len(schedule.events) == 1)
    schedule.abort()
    assert schedule.is_over
    assert _called(stack) == ["begin", "end"]


def test_all_events_so_far_are_told_after_each_change(known: Callable[..., None]) -> None:
    known("made")
    told = _Told()
    _carried_out(
        _schedule(MadeStack(), PlannedFault("made", 0.0, _SOON_S), PlannedFault("made", 0.3, _SOON_S), told=told)
    )
    assert [len(events) for events in told.times] == [1, 1, 1, 2, 2, 2]
    assert [events[-1].end_ns is None for events in told.times] == 2 * [True, True, False]
    assert told.times[0][0].proof == "", "it has begun, and that is all"
    assert told.times[1][0].proof == "it took"
    assert told.times[2][0].proof == "it took; it is over"


def test_a_fault_without_proof_is_not_proven_by_its_end(known: Callable[..., None]) -> None:
    known("made", proof="")
    (event,) = _carried_out(_schedule(MadeStack(), PlannedFault("made", 0.0))).events
    assert event.proof == ""
    assert not event.proven
    assert event.end_ns is not None


def test_an_error_in_the_beginning_is_a_problem_without_proof_and_is_undone_once(known: Callable[..., None]) -> None:
    known("made", begin_fails=LabError("worker-2 has no process"))
    stack, told = MadeStack(), _Told()
    schedule = _carried_out(_schedule(stack, PlannedFault("made", 0.0, 60.0), told=told))
    assert schedule.problems == ["made could not be done: worker-2 has no process"]
    (event,) = schedule.events
    assert event.proof == ""
    assert _called(stack) == ["begin", "end"]
    assert told.times[-1] == schedule.events


def test_an_error_in_the_end_is_a_problem_and_the_end_stays_unknown(known: Callable[..., None]) -> None:
    known("made", end_fails=LabError("it does not answer"))
    stack = MadeStack()
    schedule = _carried_out(_schedule(stack, PlannedFault("made", 0.0)))
    assert schedule.problems == ["made was not seen to end: it does not answer"]
    (event,) = schedule.events
    assert (event.end_ns, event.proof) == (None, "it took")
    assert _called(stack) == ["begin", "end"]


def test_an_error_in_both_is_two_problems(known: Callable[..., None]) -> None:
    known("made", begin_fails=LabError("no"), end_fails=LabError("neither"))
    schedule = _carried_out(_schedule(MadeStack(), PlannedFault("made", 0.0)))
    assert schedule.problems == ["made could not be done: no", "made was not seen to end: neither"]
    assert not schedule.events[0].proven


@pytest.mark.parametrize("place", ["begin_fails", "end_fails"])
def test_an_unforeseen_error_is_a_problem_too_and_not_lost_with_its_thread(
    place: str, known: Callable[..., None]
) -> None:
    known("made", **{place: OSError("no space left")})
    stack = MadeStack()
    schedule = _carried_out(_schedule(stack, PlannedFault("made", 0.0)))
    (problem,) = schedule.problems
    assert problem.endswith("OSError: no space left")
    assert _called(stack) == ["begin", "end"]


def test_one_fault_that_fails_does_not_keep_the_others_from_happening(known: Callable[..., None]) -> None:
    known("bad", begin_fails=LabError("no"))
    known("good")
    schedule = _carried_out(_schedule(MadeStack(), PlannedFault("bad", 0.0), PlannedFault("good", _SOON_S)))
    assert {event.kind: event.proven for event in schedule.events} == {"bad": False, "good": True}


def test_a_scale_in_that_would_leave_nobody_is_a_problem() -> None:
    schedule = _carried_out(_schedule(MadeStack(), PlannedFault("scale-in", 0.0, value=3.0)))
    assert schedule.problems == ["scale-in could not be done: scale-in=3 would leave 0 of 3 workers; one must stay"]


# --- cut short ---


def test_an_abort_undoes_at_once_what_is_under_way_and_begins_nothing_more(known: Callable[..., None]) -> None:
    known("made")
    known("later")
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("made", 0.0, 600.0), PlannedFault("later", 600.0))
    schedule.begin(time.monotonic_ns())
    _wait(lambda: len(schedule.events) == 1)
    since = time.monotonic()
    schedule.abort()
    assert time.monotonic() - since < _WITHIN_S
    assert schedule.is_over
    assert _called(stack) == ["begin", "end"]
    (event,) = schedule.events
    assert event.end_ns is not None
    (problem,) = schedule.problems
    assert re.fullmatch(r"made was cut short after \d+\.\d of 600 s", problem), "it did not do what it was to do"


@pytest.mark.parametrize("kind", ["rolling-restart", "swap-key-rolling", "overlap-key"])
def test_an_abort_between_the_steps_of_a_fault_does_not_wait_for_the_next(kind: str, tmp_path: Path) -> None:
    stack = MadeStack()
    secrets = make_secrets(tmp_path / "secrets", 2)
    planned = PlannedFault(kind, 0.0, value=500.0)
    schedule = FaultSchedule(stack, [planned], secrets, 1, lambda events: None)  # type: ignore[arg-type]
    schedule.begin(time.monotonic_ns())
    _wait(lambda: ("start_again", "worker-1") in stack.done)
    since = time.monotonic()
    schedule.abort()
    assert time.monotonic() - since < _WITHIN_S
    assert schedule.is_over
    assert schedule.problems == [f"{kind} could not be done: it was cut short"]
    (event,) = schedule.events
    assert not event.proven
    assert event.steps[0].target == "worker-1", "what was done until then is kept"


def test_each_restart_is_a_step_with_its_moments() -> None:
    begun_ns = time.monotonic_ns()
    (event,) = _carried_out(_schedule(MadeStack(), PlannedFault("rolling-restart", 0.0, value=0.05))).events
    assert [step.target for step in event.steps] == ["worker-1", "worker-2", "worker-3"]
    assert event.value == 0.05
    moments = [moment for step in event.steps for moment in (step.start_ns, step.end_ns)]
    assert moments == sorted(moments)
    assert begun_ns <= moments[0]
    assert event.steps[1].start_ns - event.steps[0].end_ns >= 50_000_000
    assert event.end_ns is not None
    assert moments[-1] <= event.end_ns


def test_an_abort_waits_for_a_beginning_and_then_undoes_it(known: Callable[..., None]) -> None:
    gate = threading.Event()
    known("made", gate=gate)
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("made", 0.0, 600.0))
    schedule.begin(time.monotonic_ns())
    _wait(lambda: _called(stack) == ["begin"])
    threading.Timer(0.1, gate.set).start()
    schedule.abort()
    assert schedule.is_over
    assert _called(stack) == ["begin", "end"]


def test_a_second_abort_does_nothing_more(known: Callable[..., None]) -> None:
    known("made")
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("made", 0.0, 600.0))
    schedule.begin(time.monotonic_ns())
    _wait(lambda: len(schedule.events) == 1)
    schedule.abort()
    schedule.abort()
    assert _called(stack) == ["begin", "end"]


def test_an_end_that_is_not_seen_after_an_abort_is_no_problem_but_a_bug_is(known: Callable[..., None]) -> None:
    known("gone", end_fails=LabError("the stack is coming down"))
    known("bug", end_fails=KeyError("pid"))
    schedule = _schedule(MadeStack(), PlannedFault("gone", 0.0, 600.0), PlannedFault("bug", 0.0, 600.0))
    schedule.begin(time.monotonic_ns())
    _wait(lambda: len(schedule.events) == 2)
    schedule.abort()
    assert [problem for problem in schedule.problems if "cut short" not in problem] == [
        "bug was not seen to end: KeyError: 'pid'"
    ]
    assert all(event.end_ns is None for event in schedule.events)


def test_a_fault_that_can_not_be_undone_in_time_is_a_problem(
    known: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authlab.faults.schedule._UNDO_WITHIN_S", 0.0)
    gate = threading.Event()
    known("made", gate=gate)
    schedule = _schedule(MadeStack(), PlannedFault("made", 0.0))
    schedule.begin(time.monotonic_ns())
    try:
        schedule.abort()
        assert len(schedule.problems) == 1
        assert "was not undone within" in schedule.problems[0]
    finally:
        gate.set()
        _wait(lambda: schedule.is_over)


def test_an_abort_before_the_beginning_does_nothing(known: Callable[..., None]) -> None:
    known("made")
    stack = MadeStack()
    schedule = _schedule(stack, PlannedFault("made", 0.0))
    schedule.abort()
    assert schedule.is_over
    assert stack.done == []
    assert schedule.events == ()


def test_a_schedule_without_faults_is_over() -> None:
    schedule = _carried_out(_schedule(BareStack()))
    assert (schedule.events, schedule.problems, schedule.sentences) == ((), [], [])


def test_each_planned_fault_is_an_object_of_its_own(known: Callable[..., None]) -> None:
    seen: list[int] = []

    class Counted(MadeFault):
        """Notes who it is."""

        kind = "made"

        def begin(self, stack: object, order: object) -> str:  # noqa: ARG002
            """Noted."""
            seen.append(id(self))
            return "it took"

        def end(self, stack: object, order: object) -> str:  # noqa: ARG002
            """Nothing to do."""
            return ""

    known("made")
    FAULTS["made"] = Counted  # undone with the fixture
    _carried_out(_schedule(MadeStack(), PlannedFault("made", 0.0), PlannedFault("made", 0.0)))
    assert len(set(seen)) == 2
