"""Guards: whether a trial's data can be trusted at all. Each reason names its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.model.conditions import Conditions
from authlab.model.parts import OUTSIDE

GENERATOR_CPU_LIMIT: Final = 0.80
"""Share of its core above which the generator counts as saturated: it would measure its own queueing."""

LAG_P99_LIMIT_MS: Final = 5.0
UNSERVED_LIMIT: Final = 0.005
"""Share of the schedule's arrivals that may stay unsent before too many latencies are missing: half of those beyond
p99. A stall at a slice's end costs a dozen. One such stall in a hundred slices is no reason for doubt."""

ONE_WORKER: Final = 0.9
"""Share of the answers from which one worker of several counts as the only one that was loaded."""

MIN_ANSWERS: Final = 100
"""With fewer answers, nothing is said about how they spread over the workers."""

MIN_SAMPLES: Final = 1000
MIN_BLOCKS: Final = 20


FOREIGN_LIMIT: Final = 0.10
"""Share of all cores that other programs may use."""

STEAL_LIMIT: Final = 0.05
"""Share of all cores that the machine's host may take away (steal)."""

CLOCK_STEP_LIMIT_S: Final = 0.5
"""The greatest allowed jump of the wall clock, by which cookies and tokens expire."""

SUSPENDED_LIMIT_S: Final = 0.1

SATURATED: Final = 0.85
"""Share of its cores from which a run measures the stack's own queueing (an M/D/1 queue at 0.85 waits three times as
long as it serves)."""


def trial_reasons(
    samples: pl.DataFrame,
    windows: pl.DataFrame,
    resources: pl.DataFrame | None = None,
    conditions: Conditions | None = None,
    stack_cores: int | None = None,
    workers: int | None = None,
) -> tuple[str, ...]:
    """Why the trial is not valid: empty if it is. The frames have a trial's columns (authlab.store.frames).

    `stack_cores` is the number of cores that the stack may use. It is None if that is unknown, or if the experiment
    wants a saturated system. `workers` is the number of workers behind the proxy, None if it is unknown.
    """
    return (
        *one_worker_reasons(samples, workers),
        *_generator(windows),
        *_lag(samples),
        *_unserved(windows),
        *_too_few(samples),
        *_clock(samples),
        *(() if conditions is None else machine_reasons(conditions)),
        *(() if resources is None or stack_cores is None else _saturated(resources, stack_cores)),
    )


def fault_trial_reasons(
    samples: pl.DataFrame,
    windows: pl.DataFrame,
    conditions: Conditions,
    *,
    timed: bool,
    workers: int | None = None,
    first_fault_ns: int | None = None,
) -> tuple[str, ...]:
    """The same for a trial with faults, which is meant to cause stalls and refusals.

    How the load spreads over the workers counts only before the first fault (None: there was none), which may well
    leave one worker.

    Other programs on the machine matter only where times are measured (`timed`).
    """
    clocks = (conditions.clock_step_s or 0.0, conditions.suspended_s or 0.0)
    still = Conditions(clock_step_s=clocks[0], suspended_s=clocks[1])
    before = samples if first_fault_ns is None else samples.filter(pl.col("done_ns") < first_fault_ns)
    return (
        *one_worker_reasons(before, workers),
        *_generator(windows),
        *_clock(samples),
        *machine_reasons(conditions if timed else still),
    )


def machine_reasons(conditions: Conditions) -> tuple[str, ...]:
    """Why no measurement of that time can be trusted: empty if it can."""
    found = []
    foreign, stolen = conditions.foreign_share or 0.0, conditions.stolen_share or 0.0
    if foreign > FOREIGN_LIMIT:
        name = f", most of it {conditions.foreign_name}" if conditions.foreign_name else ""
        found.append(
            f"other programs used {foreign:.0%} of the machine's CPU{name} (limit {FOREIGN_LIMIT:.0%}): close them, "
            "or wait until another lab has ended"
        )
    if stolen > STEAL_LIMIT:
        found.append(
            f"the machine's host took {stolen:.0%} of its CPU away (limit {STEAL_LIMIT:.0%}): run again at a quieter "
            "hour, or on a machine of your own"
        )
    if abs(conditions.clock_step_s or 0.0) > CLOCK_STEP_LIMIT_S:
        found.append(
            f"the wall clock jumped by {conditions.clock_step_s:+.1f} s during the run, and credentials expire by it: "
            "let the machine's time settle, then run again"
        )
    if (conditions.suspended_s or 0.0) > SUSPENDED_LIMIT_S:
        found.append(
            f"the machine slept for {conditions.suspended_s:.1f} s during the run: keep it awake and run again"
        )
    return tuple(found)


def only_worker(samples: pl.DataFrame, workers: int | None) -> tuple[str, float] | None:
    """The one of several `workers` that gave (almost) all answers, and its share; None if there is none such."""
    if workers is None or workers < 2:
        return None
    # A worker with several processes names them: worker-1.p2.
    named = samples.filter(pl.col("worker") != "").select(pl.col("worker").cast(pl.String).str.replace(r"\.p\d+$", ""))
    if named.height < MIN_ANSWERS:
        return None
    name, answers = named["worker"].value_counts(sort=True).row(0)
    share = answers / named.height
    return (name, share) if share >= ONE_WORKER else None


def one_worker_reasons(samples: pl.DataFrame, workers: int | None) -> tuple[str, ...]:
    """Why an arm whose load reached one worker alone can't be compared: empty if it reached several."""
    found = only_worker(samples, workers)
    if found is None:
        return ()
    name, share = found
    users = samples["user"].n_unique()
    remedy = (
        "use more --users"
        if users < 2 * (workers or 1)
        else "the proxy routed all users alike: where it routes by address, give each user an address of its own "
        "(locust --addresses own)"
    )
    return (
        f"{name} gave {'all' if share == 1 else f'{share:.0%} of the'} answers, though there were {workers} workers: "
        f"one worker was measured, and nothing here can be compared with {workers}; {remedy}",
    )


def stack_share(resources: pl.DataFrame, stack_cores: int) -> float | None:
    """Share of its `stack_cores` that the stack used within its slices."""
    own = _known(resources)
    spans = own.group_by("index", "from_ns").agg((pl.col("to_ns") - pl.col("from_ns")).max().alias("span"))
    room = int(spans["span"].sum()) * stack_cores
    return int(own["cpu_ns"].sum()) / room if room else None


def busiest_part(resources: pl.DataFrame) -> tuple[str, float]:
    """The part of the stack that used the largest share of one core within its slices, and that share.

    A worker has one process and Python's lock; nginx and the store each serve in one thread. None of them can use a
    second core, however many there are.
    """
    own = _known(resources)
    spans = (pl.col("to_ns") - pl.col("from_ns")).sum()
    shares = own.group_by("part").agg((pl.col("cpu_ns").sum() / spans).alias("share"))
    shares = shares.filter(pl.col("share").is_finite()).sort("share", "part")
    return (str(shares["part"][-1]), float(shares["share"][-1])) if shares.height else ("", 0.0)


def _known(resources: pl.DataFrame) -> pl.DataFrame:
    """The counts of the stack's own parts, without those in which the clock of some part is not known."""
    own = resources.filter(pl.col("part").is_in(OUTSIDE).not_())
    return own.filter(pl.col("cpu_ns").is_not_null().all().over("index", "from_ns"))


def generator_share(windows: pl.DataFrame) -> float | None:
    """Share of one core that the generator used within its slices."""
    opened = windows.filter(pl.col("generator_cpu_ns") > 0)
    length = (opened["end_ns"] - opened["start_ns"]).sum()
    return float(opened["generator_cpu_ns"].sum()) / float(length) if length else None


def lag_p99_ms(samples: pl.DataFrame) -> float | None:
    """The 99th percentile of the generator's own lateness over measured requests."""
    value = samples.filter(~pl.col("warmup"))["lag_ms"].quantile(0.99, "linear")
    return None if value is None else float(value)


def unserved_share(windows: pl.DataFrame) -> float | None:
    """Share of the schedule's arrivals that could not be sent before their slice ended."""
    arrivals = int(windows["arrivals"].sum())
    return int(windows["unserved"].sum()) / arrivals if arrivals else None


def generators_reasons(windows: Sequence[pl.DataFrame], cores: int) -> tuple[str, ...]:
    """Why several simultaneous loads on the same `cores` can't be trusted: empty if they can."""
    share = sum(generator_share(one) or 0.0 for one in windows) / cores
    if share <= GENERATOR_CPU_LIMIT:
        return ()
    return (
        f"the load generators of all arms together used {share:.0%} of their cores (limit {GENERATOR_CPU_LIMIT:.0%}): "
        "they measured themselves; lower --rate or --users",
    )


def _generator(windows: pl.DataFrame) -> list[str]:
    share = generator_share(windows)
    if share is None or share <= GENERATOR_CPU_LIMIT:
        return []
    return [
        f"the load generator used {share:.0%} of its core (limit {GENERATOR_CPU_LIMIT:.0%}): it measured itself; "
        "lower --rate or --users"
    ]


def _lag(samples: pl.DataFrame) -> list[str]:
    lag = lag_p99_ms(samples)
    if lag is None or lag <= LAG_P99_LIMIT_MS:
        return []
    return [
        f"the load generator sent its requests late: lag p99 {lag:.1f} ms (limit {LAG_P99_LIMIT_MS:g} ms); "
        "close other programs, or lower --rate"
    ]


def _unserved(windows: pl.DataFrame) -> list[str]:
    share = unserved_share(windows)
    if share is None or share <= UNSERVED_LIMIT:
        return []
    return [
        f"{share:.2%} of the scheduled requests could not be sent before their slice ended "
        f"(limit {UNSERVED_LIMIT:.1%}): the stack is too slow for this rate; lower --rate or add --workers"
    ]


def _too_few(samples: pl.DataFrame) -> list[str]:
    kept = samples.filter(~pl.col("warmup"))
    if kept.height >= MIN_SAMPLES:
        return []
    return [f"only {kept.height} requests were measured (at least {MIN_SAMPLES}): run longer with --for"]


def _clock(samples: pl.DataFrame) -> list[str]:
    backwards = samples.filter((pl.col("done_ns") < pl.col("sent_ns")) & (pl.col("done_ns") > 0)).height
    if not backwards:
        return []
    return [
        f"{backwards} requests ended before they began: the machine's monotonic clock does not agree between its "
        "cores; no time measured on it can be trusted"
    ]


def _saturated(resources: pl.DataFrame, stack_cores: int) -> list[str]:
    share = stack_share(resources, stack_cores)
    if share is None:
        return []
    if share <= SATURATED:
        part, alone = busiest_part(resources)
        if alone <= SATURATED:
            return []
        return [
            f"{part} used {alone:.0%} of one core (limit {SATURATED:.0%}), and can't use more: it was saturated, and "
            "its queue was measured; lower --rate or add --workers"
        ]
    return [
        f"the stack used {share:.0%} of its {stack_cores} core{'s' if stack_cores > 1 else ''} "
        f"(limit {SATURATED:.0%}): it was saturated, and its own queue was measured; lower --rate"
    ]
