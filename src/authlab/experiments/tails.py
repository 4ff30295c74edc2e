"""Observations of the slow requests: the 95th and 99th percentile of a plan's arms, and how they compare."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from authlab.experiments.evidence import PlanData
from authlab.experiments.expectation import Measured
from authlab.experiments.measures import as_twin, measured, observation
from authlab.experiments.planning import FLOOR
from authlab.model.findings import Observation
from authlab.model.windows import AGAIN
from authlab.stats.intervals import Interval
from authlab.stats.pairing import base_labels
from authlab.stats.percentiles import BEYOND, block_percentiles, supported
from authlab.stats.rounds import ROUND
from authlab.stats.starts import at_least_as_wide
from authlab.stats.tails import tail_effect

TAILS: Final[Mapping[str, float]] = {"p95_ms": 95.0, "p99_ms": 99.0}
"""Percentiles of all requests together. Those of single slices rest on few requests and must not be averaged."""


def tail_observations(data: PlanData, pairs: Sequence[tuple[str, str]]) -> list[Observation]:
    """Each arm's tails in ms, and the ratio and difference of each pair (arm, against) and of the A/A pair.

    If too few requests lie beyond a percentile, the observation has no value, and its note says how many are needed.
    """
    twin = [(FLOOR + AGAIN, FLOOR)] if FLOOR + AGAIN in data.answered else []
    found: list[Observation] = []
    for quantity, q in TAILS.items():
        found += [observation(data, label, quantity, _level(data, label, quantity, q)) for label in data.arms]
        for label, against in [*pairs, *twin]:
            found += _effect(data, label, against, quantity, q)
    return found


def _level(data: PlanData, label: str, quantity: str, q: float) -> Measured:
    own = [label] if label + AGAIN in data.arms else [label, label + AGAIN]
    rows = [data.answered[one] for one in own if one in data.answered]
    every = pl.concat(rows) if rows else pl.DataFrame(schema={"response_ms": pl.Float64, "block": pl.Int64})
    if not supported(q, every.height):
        needed = round(BEYOND * 100 / (100 - q))
        note = f"too few requests for this percentile: {every.height} of at least {needed}; run longer with --for"
        return Measured(None, None, 0, every.height, "ms", note)
    rng = _generator(data, quantity, label)
    (point,) = block_percentiles(every["response_ms"], every["block"], [q], rng=rng, resamples=400)
    interval = Interval(point.value, point.low, point.high, every["block"].n_unique())
    starts = data.tail_starts(q)
    if starts is not None:
        interval = at_least_as_wide(interval, starts, point.value**2, every[ROUND].n_unique())
    return measured(interval, every.height, "ms")


def _effect(data: PlanData, label: str, against: str, quantity: str, q: float) -> list[Observation]:
    held = data.answered
    base = [held[one] for one in base_labels(held, label, against) if one in held]
    if label not in held or not base:
        return []
    effect = tail_effect(held[label], pl.concat(base), q, _generator(data, quantity, label + against))
    if effect is None:
        return []  # the notes of the levels say why
    effect = effect.with_starts(data.tail_starts(q), held[label][ROUND].n_unique(), len(base))
    twin = label == against + AGAIN
    requests = held[label].height
    ratio = measured(effect.ratio, requests, "ratio")
    gap = measured(effect.difference, requests, "ms", "A/A pair" if twin else "")
    ratio = as_twin(ratio) if twin else ratio
    return [
        observation(data, label, f"{quantity}_ratio", ratio, against),
        observation(data, label, f"{quantity}_difference", gap, against),
    ]


def _generator(data: PlanData, *name: str) -> np.random.Generator:
    """A random generator for one observation alone: one more mode must not change the intervals of the others."""
    return np.random.default_rng([data.plan.seed, zlib.crc32(":".join(name).encode())])
