"""Each guard, a little below its limit and a little above it; every reason says what to do."""

import polars as pl
import pytest

from authlab.checkers.guards import (
    CLOCK_STEP_LIMIT_S,
    FOREIGN_LIMIT,
    GENERATOR_CPU_LIMIT,
    LAG_P99_LIMIT_MS,
    MIN_ANSWERS,
    MIN_SAMPLES,
    SATURATED,
    STEAL_LIMIT,
    SUSPENDED_LIMIT_S,
    UNSERVED_LIMIT,
    busiest_part,
    fault_trial_reasons,
    generators_reasons,
    machine_reasons,
    one_worker_reasons,
    stack_share,
    trial_reasons,
)
from authlab.model.conditions import Conditions

_S = 1_000_000_000


def _samples(requests: int = MIN_SAMPLES, lag_ms: float = 0.2, service_ns: int = 1_000_000) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "sent_ns": [_S] * requests,
            "done_ns": [_S + service_ns] * requests,
            "lag_ms": [lag_ms] * requests,
            "warmup": [False] * requests,
            "user": [n % 50 for n in range(requests)],
            "worker": [f"worker-{n % 3 + 1}" for n in range(requests)],
        }
    )


def _answered(*counts: int, users: int = 50, process: str = "") -> pl.DataFrame:
    """Samples that so many of worker-1, worker-2, … answered."""
    workers = [f"worker-{number}{process}" for number, count in enumerate(counts, start=1) for _ in range(count)]
    users_of = [n % users for n in range(len(workers))]
    return _samples(len(workers)).with_columns(pl.Series("worker", workers), pl.Series("user", users_of))


@pytest.mark.parametrize(
    ("samples", "workers", "one"),
    [
        (_answered(2000), 3, "worker-1"),
        (_answered(40, 1960), 3, "worker-2"),
        (_answered(1950, 25, 25), 3, "worker-1"),
        (_answered(2000, process=".p1"), 2, "worker-1"),
        (_answered(2000), 1, None),
        (_answered(2000), None, None),
        (_answered(MIN_ANSWERS - 1), 3, None),
        (_answered(1000, 1000), 3, None),
        (_answered(1700, 300), 2, None),
        (_answered(700, 650, 650), 3, None),
        (_answered(2000).with_columns(worker=pl.lit("")), 3, None),
    ],
)
def test_a_load_that_reached_one_of_several_workers_is_no_load_of_all(
    samples: pl.DataFrame, workers: int | None, one: str | None
) -> None:
    found = one_worker_reasons(samples, workers)
    assert len(found) == (one is not None)
    if one is not None:
        assert found[0].startswith(f"{one} gave ")
        assert f"there were {workers} workers" in found[0]
        assert found[0] in trial_reasons(samples, _windows(), workers=workers)
        assert found[0] in fault_trial_reasons(samples, _windows(), Conditions(), timed=False, workers=workers)


def test_the_remedy_depends_on_how_many_users_there_were() -> None:
    (few,) = one_worker_reasons(_answered(2000, users=1), 3)
    (many,) = one_worker_reasons(_answered(2000, users=50), 3)
    assert "--users" in few
    assert "--addresses own" in many


def test_a_fault_that_leaves_one_worker_is_no_reason_to_doubt_what_it_did() -> None:
    late = _answered(2000).with_columns(done_ns=pl.lit(9 * _S))
    rows = pl.concat([_answered(40, 40, 40), late])
    more = {"timed": False, "workers": 3}
    assert fault_trial_reasons(rows, _windows(), Conditions(), first_fault_ns=5 * _S, **more) == ()
    assert fault_trial_reasons(rows, _windows(), Conditions(), **more) != ()


def _windows(generator: float = 0.2, unserved: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "start_ns": [0],
            "end_ns": [_S],
            "generator_cpu_ns": [round(generator * _S)],
            "arrivals": [100_000],
            "unserved": [unserved],
        }
    )


def _resources(share: float) -> pl.DataFrame:
    parts = {"proxy": 0.3, "worker-1": 0.3, "worker-2": 0.4}
    rows = [
        {"index": index, "part": part, "from_ns": 0, "to_ns": _S, "cpu_ns": round(share * weight * _S)}
        for index in range(3)
        for part, weight in {**parts, "generator": 9.0, "lab": 9.0}.items()
    ]
    return pl.DataFrame(rows)


def test_a_quiet_trial_gives_no_reason_to_doubt_it() -> None:
    assert trial_reasons(_samples(), _windows(), _resources(0.4), Conditions(0.01, "x", 0.0, 0.0, 0.0), 1) == ()


@pytest.mark.parametrize(
    ("near", "beyond", "says", "remedy"),
    [
        (
            (_samples(), _windows(generator=GENERATOR_CPU_LIMIT - 0.01)),
            (_samples(), _windows(generator=GENERATOR_CPU_LIMIT + 0.02)),
            "measured itself",
            "lower --rate or --users",
        ),
        (
            (_samples(lag_ms=LAG_P99_LIMIT_MS), _windows()),
            (_samples(lag_ms=LAG_P99_LIMIT_MS + 0.1), _windows()),
            "late",
            "close other programs",
        ),
        (
            (_samples(), _windows(unserved=round(UNSERVED_LIMIT * 100_000))),
            (_samples(), _windows(unserved=round(UNSERVED_LIMIT * 100_000) + 1)),
            "could not be sent",
            "lower --rate or add --workers",
        ),
        ((_samples(MIN_SAMPLES), _windows()), (_samples(MIN_SAMPLES - 1), _windows()), "only 999", "--for"),
        ((_samples(), _windows()), (_samples(service_ns=-1), _windows()), "monotonic clock", "no time measured on it"),
        (
            (_samples(), _windows(), _resources(2 * SATURATED - 0.02), None, 2),
            (_samples(), _windows(), _resources(2 * SATURATED + 0.02), None, 2),
            "saturated",
            "lower --rate",
        ),
        (
            (_samples(), _windows(), _resources((SATURATED - 0.02) / 0.4), None, 8),
            (_samples(), _windows(), _resources((SATURATED + 0.02) / 0.4), None, 8),
            "worker-2 used 87% of one core",
            "add --workers",
        ),
    ],
    ids=["generator", "lag", "unserved", "too few", "clock", "saturated", "one worker"],
)
def test_a_guard_speaks_beyond_its_limit_only(near: tuple, beyond: tuple, says: str, remedy: str) -> None:
    assert trial_reasons(*near) == ()
    (reason,) = trial_reasons(*beyond)
    assert says in reason
    assert remedy in reason


@pytest.mark.parametrize(
    ("near", "beyond", "says", "remedy"),
    [
        (
            Conditions(foreign_share=FOREIGN_LIMIT),
            Conditions(foreign_share=FOREIGN_LIMIT + 0.01, foreign_name="gunicorn (pid 7)"),
            "most of it gunicorn (pid 7)",
            "another lab",
        ),
        (Conditions(stolen_share=STEAL_LIMIT), Conditions(stolen_share=STEAL_LIMIT + 0.01), "host took 6%", "quieter"),
        (
            Conditions(clock_step_s=-CLOCK_STEP_LIMIT_S),
            Conditions(clock_step_s=-CLOCK_STEP_LIMIT_S - 0.1),
            "wall clock jumped by -0.6 s",
            "let the machine's time settle",
        ),
        (
            Conditions(suspended_s=SUSPENDED_LIMIT_S),
            Conditions(suspended_s=SUSPENDED_LIMIT_S + 1),
            "slept for 1.1 s",
            "keep it awake",
        ),
    ],
    ids=["foreign load", "steal", "clock step", "sleep"],
)
def test_the_machine_is_doubted_beyond_a_limit_only(
    near: Conditions, beyond: Conditions, says: str, remedy: str
) -> None:
    assert machine_reasons(near) == ()
    (reason,) = machine_reasons(beyond)
    assert says in reason
    assert remedy in reason


def test_generators_that_share_a_core_are_too_much_together_where_none_is_alone() -> None:
    assert generators_reasons([_windows(generator=0.26)] * 3, 1) == ()
    (reason,) = generators_reasons([_windows(generator=0.28)] * 3, 1)
    assert "together used 84%" in reason
    assert generators_reasons([_windows(generator=0.28)] * 3, 2) == ()


def test_what_the_system_cannot_tell_is_no_reason() -> None:
    assert machine_reasons(Conditions()) == ()


def test_every_reason_is_told_at_once() -> None:
    reasons = trial_reasons(
        _samples(10, lag_ms=50), _windows(0.99, 5000), _resources(0.99), Conditions(0.5, "x", 0.5, 9.0, 9.0), 1
    )
    assert len(reasons) == 9


def test_a_stack_that_may_be_saturated_is_not_doubted_for_it() -> None:
    assert trial_reasons(_samples(), _windows(), _resources(1.0), None, None) == ()


def _counts(*rows: tuple[str, int, float | None]) -> pl.DataFrame:
    """Counts of one second each, in one slice: part, number of the count, share of a core that it used."""
    known = [
        {
            "index": 0,
            "part": part,
            "from_ns": number * _S,
            "to_ns": (number + 1) * _S,
            "cpu_ns": None if share is None else round(share * _S),
        }
        for part, number, share in rows
    ]
    return pl.DataFrame(known, schema_overrides={"cpu_ns": pl.Int64})


def test_a_stacks_share_is_that_of_all_its_counts() -> None:
    counts = _counts(("proxy", 0, 0.25), ("worker-1", 0, 0.5), ("proxy", 1, 0.0), ("worker-1", 1, 0.25))
    assert stack_share(counts, 1) == 0.5
    assert stack_share(counts, 2) == 0.25
    assert busiest_part(counts) == ("worker-1", 0.375)


def test_a_count_in_which_a_clock_is_not_known_tells_nothing_of_any_part() -> None:
    known = _counts(("proxy", 0, 0.25), ("worker-1", 0, 0.5))
    unknown = _counts(("proxy", 1, 0.75), ("worker-1", 1, None), ("generator", 1, None))
    both = pl.concat([known, unknown])
    assert stack_share(both, 1) == stack_share(known, 1) == 0.75
    assert busiest_part(both) == busiest_part(known) == ("worker-1", 0.5)
    assert stack_share(unknown, 1) is None
    assert busiest_part(unknown) == ("", 0.0)
    assert trial_reasons(_samples(), _windows(), unknown, Conditions(0.01, "x", 0.0, 0.0, 0.0), 1) == ()
