"""The store is x milliseconds further away: how much slower is a request?"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.special import stdtrit  # scipy.stats takes most of a second to load

from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Expectation, Measured, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import FLOOR, loaded, repeated, side_by_side
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan
from authlab.stats.intervals import LEVEL

DELAYS_MS: Final = (1.0, 2.0, 5.0, 10.0)
_LASTS_S: Final = 2.5
_EVERY_S: Final = 3.5
_FIRST_S: Final = 2.0
_EDGE_NS: Final = 200_000_000
"""Time left out at both ends of a delay, because the fault sends its PINGs there."""

_LEAST: Final = 20
_REPEATS: Final = 3
"""The least number of repetitions. With two, the half-width was 0.05 to 0.1, depending on the machine's load; the
margin is 0.1."""

_DELAYED: Final = "redis"
SLOPE: Final = "ms_per_ms_of_store_delay"


class RedisLatency(StackExperiment):
    """ "A session store costs a round trip per request"."""

    id = "redis-latency"
    claim = "a request to a session in the store waits for one round trip to it, a token for none"
    summary = "the store is 0, 1, 2, 5 and 10 ms away: how much the median service time grows with the distance"
    holds = "a session in the store waits for one round trip per request, a token for none"
    fails = "the round trips per request differ from the model"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """All delays, one after the other, in an order that the seed shuffles."""

        def plan_of(stage: str, seed: int) -> Plan | None:
            order = list(DELAYS_MS)
            random.Random(seed).shuffle(order)  # noqa: S311 - a schedule is no secret
            faults = tuple(
                PlannedFault("redis-latency", _FIRST_S + place * _EVERY_S, _LASTS_S, delay)
                for place, delay in enumerate(order)
            )
            arms = (
                loaded(options, FLOOR, FLOOR),
                loaded(options, _DELAYED, "redis", faults=faults, linked=True),
                loaded(options, "jwt", "jwt"),
            )
            length_s = _FIRST_S + len(order) * _EVERY_S
            return side_by_side(options, stage, arms, length_s, seed, timed=True)

        return repeated(options, plan_of, _REPEATS)

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """One round trip for sessions, none for tokens, as differences to `none` in each stretch of delay."""
        rests_on, one = (FLOOR, _DELAYED), "1 (round trips per request)"
        return [
            expect(_DELAYED, SLOPE, 1.0, _slope, formula=one, margin=0.1, rests_on=rests_on),
            expect("jwt", SLOPE, 0.0, _slope, margin=0.1, rests_on=rests_on),
        ]


EXPERIMENT: Final = RedisLatency()


def _slope(evidence: Evidence, label: str) -> Measured | None:
    """Slope of the stretches' medians over the delay, with Student's interval (Draper and Smith 1998, 1.4).

    Each point is the difference between a median and that of `none` in the same stretch. Both had the same arrivals
    and the same state of the machine.
    """
    points: list[tuple[float, float]] = []
    for plan in evidence.plans:
        arms = plan.arms
        if label in arms and FLOOR in arms and _DELAYED in arms:
            spans = stretches(arms[label].samples, arms[_DELAYED].faults)
            mine, floor = (medians(arms[name].samples, spans) for name in (label, FLOOR))
            points += [(spans[n][0], mine[n] - floor[n]) for n in mine.keys() & floor.keys()]
    if len({delay for delay, _ in points}) < 2 or len(points) < 4:
        return None
    x, y = np.array(points).T
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    residuals = y - y.mean() - slope * (x - x.mean())
    half = float(stdtrit(len(points) - 2, (1 + LEVEL) / 2)) * math.sqrt(
        float((residuals**2).sum()) / (len(points) - 2) / spread
    )
    arms_of_all = evidence.of(label)
    requests = sum(arm.samples.height for arm in arms_of_all)
    note = "; ".join(f"{delay:g} ms: {np.median(y[x == delay]):+.2f} ms" for delay in sorted(set(x.tolist())))
    return Measured(slope, (slope - half, slope + half), len(arms_of_all), requests, "ms/ms", f"to none: {note}")


Span = tuple[float, int, int]


def stretches(samples: pl.DataFrame, faults: Sequence[FaultEvent]) -> list[Span]:
    """(delay in milliseconds, from, to) of each stretch with a constant delay, including those without one."""
    began = samples.filter(pl.col("window") >= 0)["sent_ns"]
    if began.is_empty():
        return []
    found: list[Span] = []
    last = int(began.to_numpy().min())
    for fault in faults:
        found.append((0.0, last, fault.start_ns))
        if fault.end_ns is None:
            break  # the delay after it is unknown
        if fault.proven:
            found.append((fault.value, fault.start_ns, fault.end_ns))
        last = fault.end_ns
    return found


def medians(samples: pl.DataFrame, spans: Sequence[Span]) -> dict[int, float]:
    """Median service time in milliseconds, by the number of the stretch, for stretches with enough requests."""
    asked = samples.filter((pl.col("op") != "login") & (pl.col("outcome") == "ok"))
    found = {}
    for number, (_, start, end) in enumerate(spans):
        sent = pl.col("sent_ns")
        stretch = asked.filter((sent > start + _EDGE_NS) & (sent < end - _EDGE_NS))
        median = stretch["service_ms"].median()
        if stretch.height >= _LEAST and isinstance(median, float):
            found[number] = median
    return found
