"""Faults on the command line: what is written is what is meant, and what is wrong is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authlab.faults.catalogue import FAULTS
from authlab.faults.spec import parse_fault, problems_of, spelled
from authlab.model.errors import UnknownName, UsageProblem
from authlab.model.faults import PlannedFault

# At most nanoseconds: beyond, a time means nothing.
_SECONDS = st.floats(0, 86_400).map(lambda seconds: round(seconds, 9))


@st.composite
def _planned(draw: st.DrawFn) -> PlannedFault:
    kind = FAULTS[draw(st.sampled_from(sorted(FAULTS)))]
    value = None
    if kind.unit is not None and (kind.unit.default is None or draw(st.booleans())):
        least, most = kind.unit.least, kind.unit.most
        value = float(draw(st.integers(int(least), int(most)))) if kind.unit.whole else draw(st.floats(least, most))
    for_s = draw(_SECONDS.filter(bool)) if kind.lasts == "required" else None
    target = draw(st.sampled_from(["", "worker-1", "worker-12"])) if kind.on == "worker" else ""
    return PlannedFault(kind.kind, draw(_SECONDS), for_s, value, target)


@settings(deadline=None)
@given(_planned())
def test_what_is_spelled_is_what_was_planned(planned: PlannedFault) -> None:
    assert problems_of(planned) == []
    assert parse_fault(spelled(planned)) == planned


@pytest.mark.parametrize("name", FAULTS)
def test_every_kind_goes_there_and_back(name: str) -> None:
    kind = FAULTS[name]
    planned = PlannedFault(
        name,
        10.0,
        2.5 if kind.lasts == "required" else None,
        None if kind.unit is None else kind.unit.least or 1.0,
        "worker-2" if kind.on == "worker" else "",
    )
    assert parse_fault(spelled(planned)) == planned
    assert spelled(parse_fault(spelled(planned))) == spelled(planned)


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("crash-worker@10s", PlannedFault("crash-worker", 10.0)),
        ("crash-worker@10", PlannedFault("crash-worker", 10.0)),
        ("crash-worker@500ms", PlannedFault("crash-worker", 0.5)),
        ("crash-worker@2m", PlannedFault("crash-worker", 120.0)),
        ("crash-worker@1h", PlannedFault("crash-worker", 3600.0)),
        ("crash-worker@0", PlannedFault("crash-worker", 0.0)),
        ("Crash-Worker@1.5s", PlannedFault("crash-worker", 1.5)),
        ("  crash-worker@10s  ", PlannedFault("crash-worker", 10.0)),
        ("crash-worker:worker-2@10s", PlannedFault("crash-worker", 10.0, target="worker-2")),
        ("pause-worker@10s+500ms", PlannedFault("pause-worker", 10.0, 0.5)),
        ("pause-worker:worker-1@1m+1m", PlannedFault("pause-worker", 60.0, 60.0, target="worker-1")),
        ("redis-latency=5ms@20s+10s", PlannedFault("redis-latency", 20.0, 10.0, 5.0)),
        ("redis-latency=5@20s+10s", PlannedFault("redis-latency", 20.0, 10.0, 5.0)),
        ("redis-latency=0.0011s@20s+10s", PlannedFault("redis-latency", 20.0, 10.0, 1.1)),
        ("clock-skew=5@2s+9s", PlannedFault("clock-skew", 2.0, 9.0, 5.0)),
        ("clock-skew=+5s@2s+9s", PlannedFault("clock-skew", 2.0, 9.0, 5.0)),
        ("clock-skew=-5s@2s+9s", PlannedFault("clock-skew", 2.0, 9.0, -5.0)),
        ("clock-skew=-250ms@2s+9s", PlannedFault("clock-skew", 2.0, 9.0, -0.25)),
        ("clock-skew=-2m:worker-3@2s+9s", PlannedFault("clock-skew", 2.0, 9.0, -120.0, "worker-3")),
        ("scale-out@3s", PlannedFault("scale-out", 3.0)),
        ("scale-out=2@3s", PlannedFault("scale-out", 3.0, value=2.0)),
        ("scale-in=2workers@3s", PlannedFault("scale-in", 3.0, value=2.0)),
        ("overlap-key=1m@3s", PlannedFault("overlap-key", 3.0, value=60.0)),
    ],
)
def test_units_targets_and_values_are_understood(text: str, planned: PlannedFault) -> None:
    assert parse_fault(text) == planned


@pytest.mark.parametrize(
    ("planned", "text"),
    [
        (PlannedFault("crash-worker", 10.0), "crash-worker@10s"),
        (PlannedFault("crash-worker", 1e-5), "crash-worker@0.00001s"),
        (PlannedFault("crash-worker", 12345.678901), "crash-worker@12345.678901s"),
        (PlannedFault("redis-latency", 20.0, 0.5, 5.0), "redis-latency=5ms@20s+0.5s"),
        (PlannedFault("redis-latency", 20.0, 0.5, 0.1000001), "redis-latency=0.1000001ms@20s+0.5s"),
        (PlannedFault("clock-skew", 2.0, 9.0, -86_400.0, "worker-3"), "clock-skew=-86400s:worker-3@2s+9s"),
        (PlannedFault("scale-in", 3.0, value=2.0), "scale-in=2@3s"),
    ],
)
def test_a_fault_is_spelled_in_full_and_without_exponents(planned: PlannedFault, text: str) -> None:
    assert spelled(planned) == text
    assert parse_fault(text) == planned


_FORM = "is not KIND[=VALUE][:WORKER]@START[+DURATION]"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", _FORM),
        ("crash-worker", _FORM),
        ("crash-worker=3", _FORM),
        ("crash-worker@", _FORM),
        ("@10s", _FORM),
        ("crash worker@10s", _FORM),
        ("crash-worker@10s+", _FORM),
        ("crash-worker:@10s", _FORM),
        ("crash-worker=@10s", _FORM),
        ("crash-worker:worker 2@10s", _FORM),
        ("crash-worker=3@10s", "it takes no value"),
        ("crash-worker=3s@10s", "it takes no value"),
        ("crash-worker=3workers@10s", "it takes no value"),
        ("crash-worker@soon", "its start 'soon' is not a time; write 10s, 500ms or 2m"),
        ("crash-worker@10x", "its start '10x' is not a time"),
        ("crash-worker@1e3", "its start '1e3' is not a time"),
        ("crash-worker@nan", "its start 'nan' is not a time"),
        ("crash-worker@-1s", "its start must be 0 to 86400 s, not -1"),
        ("crash-worker@25h", "its start must be 0 to 86400 s, not 90000"),
        ("pause-worker@1s+later", "its duration 'later' is not a time"),
        ("pause-worker@1s+25h", "its duration must be 0 to 86400 s"),
        ("pause-worker@1s+1s+1s", "its duration '1s+1s' is not a time"),
        ("crash-worker@1s@2s", "its start '1s@2s' is not a time"),
        ("pause-worker@1s+0s", "its duration must be above zero"),
        ("pause-worker@1s", "add a duration: pause-worker@START+DURATION"),
        ("crash-worker@1s+2s", "it takes no duration"),
        ("flush-store:worker-1@1s", "it does not affect a single worker, so it takes no 'worker-1'"),
        ("rolling-restart:worker-1@1s", "it does not affect a single worker"),
        ("redis-latency@1s+1s", "it needs a value in ms: redis-latency=VALUE@START"),
        ("redis-latency=slow@1s+1s", "its value 'slow' is not a number"),
        ("redis-latency=-1@1s+1s", "its value must be 0.1 to 10000 ms, not -1"),
        ("redis-latency=11s@1s+1s", "its value must be 0.1 to 10000 ms, not 11000"),
        ("redis-latency=5workers@1s+1s", "its value must be in ms, not in workers"),
        ("clock-skew=-2000m@1s+1s", "its value must be -86400 to 86400 s, not -120000"),
        ("scale-out=0@1s", "its value must be 1 to 64 workers, not 0"),
        ("scale-out=65@1s", "its value must be 1 to 64 workers, not 65"),
        ("scale-out=1.5@1s", "its value must be a whole number of workers, not 1.5"),
        ("scale-out=2s@1s", "its value must be in workers, not in s"),
        ("overlap-key@1s", "it needs a value in s"),
    ],
)
def test_bad_text_gets_one_problem_that_says_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(UsageProblem) as told:
        parse_fault(text)
    assert says in str(told.value)
    assert repr(text) in str(told.value), "it says which"
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 64


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("crash-wroker@10s", "crash-worker"),
        ("redis-latncy=5ms@1s+1s", "redis-latency"),
        ("SWAP-KEYS@1s", "swap-key"),
        ("clockskew=5@1s+1s", "clock-skew"),
    ],
)
def test_an_unknown_kind_is_told_with_the_nearest_and_all_that_there_are(text: str, near: str) -> None:
    with pytest.raises(UnknownName) as told:
        parse_fault(text)
    assert f"did you mean {near!r}" in str(told.value)
    assert all(name in str(told.value) for name in FAULTS)


def test_nothing_is_near_to_nonsense() -> None:
    with pytest.raises(UnknownName) as told:
        parse_fault("zzz@1s")
    assert "did you mean" not in str(told.value)


def test_several_problems_of_one_fault_are_told_together() -> None:
    with pytest.raises(UsageProblem) as told:
        parse_fault("flush-store=3:worker-1@1s+2s")
    for part in ("it takes no duration", "it takes no 'worker-1'", "it takes no value"):
        assert part in str(told.value)


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"[a-z-]{1,20}(=[^@]{0,8})?(:[a-z0-9-]{0,9})?@[^@]{0,12}", fullmatch=True))
def test_whatever_is_written_is_a_fault_or_a_usage_problem(text: str) -> None:
    try:
        planned = parse_fault(text)
    except UsageProblem:
        return
    assert parse_fault(spelled(planned)) == planned
