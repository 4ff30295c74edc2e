"""The store is x milliseconds further away: how much slower is a request?"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy.special import stdtrit  # scipy.stats takes most of a second to load

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.stats.intervals import LEVEL

DELAYS_MS: Final = (1.0, 2.0, 5.0, 10.0)
_LASTS_S: Final = 2.5
_EVERY_S: Final = 3.5
_FIRST_S: Final = 2.0
_EDGE_NS: Final = 200_000_000
"""Left out at both ends of a delay: the fault measures it by PINGs there."""

_LEAST: Final = 20
_REPEATS: Final = 3
"""At the least: two left a half-width of 0.05 to 0.1 for a margin of 0.1, by the mood of the machine."""

SLOPE: Final = "ms_per_ms_of_store_delay"


class RedisLatency(FaultExperiment):
    """ "A session store costs a round trip per request"."""

    id = "redis-latency"
    claim = "a request to a session in the store waits for one round trip to it, a token for none"
    summary = "the store 0, 1, 2, 5 and 10 ms away: the slope of the median service time"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """The delays one after the other, in an order that the seed chooses."""

        def stage(key: str, seed: int) -> FaultStage:
            order = list(DELAYS_MS)
            random.Random(seed).shuffle(order)  # noqa: S311 - a schedule is no secret
            faults = tuple(
                PlannedFault("redis-latency", _FIRST_S + place * _EVERY_S, _LASTS_S, delay)
                for place, delay in enumerate(order)
            )
            arms = (Arm("none", "none"), Arm("redis", "redis", faults, linked=True), Arm("jwt", "jwt"))
            length_s = _FIRST_S + len(order) * _EVERY_S
            return fault_stage(options, key, arms, length_s, seed, timed=True)

        return repeated(options, stage, _REPEATS)

    def predictions(self, options: Options) -> list[Prediction]:
        """One round trip, and none. All delays are the store's: without it there is nothing to compare with."""
        found = [
            Prediction("redis", SLOPE, "1 (round trips per request)", 1.0, 0.1),
            Prediction("jwt", SLOPE, "0", 0.0, 0.1),
        ]
        labels = {arm.label for stage in self.fault_stages(options) for arm in stage.arms}
        return [prediction for prediction in found if "redis" in labels and prediction.mode in labels]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Least squares through the medians of each stretch."""
        return result_of(
            self,
            predictions,
            [_slope(label, data) for label in ("redis", "jwt")],
            data,
            "a session in the store waits for one round trip per request, a token for none",
            "the round trips per request are not what the model says",
            # a slope is of differences to `none`, in stretches that the store's faults cut
            rests_on=("none", "redis"),
        )


EXPERIMENT: Final = RedisLatency()


def _slope(label: str, data: Sequence[FaultData]) -> Observation | None:
    """Slope of the stretches' medians over the delay, with Student's interval (Draper and Smith 1998, 1.4).

    Taken is what a median differs from that of `none` in the same stretch: both met the same arrivals and the same
    mood of the machine.
    """
    points: list[tuple[float, float]] = []
    for stage in data:
        if label in stage.frames and "none" in stage.frames and "redis" in stage.faults:
            spans = stretches(stage.frames[label].samples, stage.faults["redis"])
            mine, floor = (medians(stage.frames[name].samples, spans) for name in (label, "none"))
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
    requests = sum(stage.frames[label].samples.height for stage in data if label in stage.frames)
    note = "; ".join(f"{delay:g} ms: {np.median(y[x == delay]):+.2f} ms" for delay in sorted(set(x.tolist())))
    workers = data[0].stage.workers
    return Observation(
        label,
        SLOPE,
        slope,
        (slope - half, slope + half),
        len(data),
        requests,
        "ms/ms",
        workers,
        note=f"to none: {note}",
    )


Span = tuple[float, int, int]


def stretches(samples: pl.DataFrame, faults: Sequence[FaultEvent]) -> list[Span]:
    """(delay in milliseconds, from, to) of each stretch with one delay, and of those in between."""
    began = samples.filter(pl.col("window") >= 0)["sent_ns"]
    if began.is_empty():
        return []
    found: list[Span] = []
    last = int(began.to_numpy().min())
    for fault in faults:
        found.append((0.0, last, fault.start_ns))
        if fault.end_ns is None:
            break  # nothing is known of what came after
        if fault.proven:
            found.append((fault.value, fault.start_ns, fault.end_ns))
        last = fault.end_ns
    return found


def medians(samples: pl.DataFrame, spans: Sequence[Span]) -> dict[int, float]:
    """Median service time in milliseconds by the number of the stretch, where it has requests enough."""
    asked = samples.filter((pl.col("op") != "login") & (pl.col("outcome") == "ok"))
    found = {}
    for number, (_, start, end) in enumerate(spans):
        sent = pl.col("sent_ns")
        stretch = asked.filter((sent > start + _EDGE_NS) & (sent < end - _EDGE_NS))
        median = stretch["service_ms"].median()
        if stretch.height >= _LEAST and isinstance(median, float):
            found[number] = median
    return found
