"""Observations of the slow requests: 95th and 99th percentile of a stage's modes, and how they compare."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from authlab.experiments.base import StageData
from authlab.experiments.measures import FLOOR, observation
from authlab.model.findings import Observation
from authlab.model.windows import AGAIN
from authlab.stats.blocks import answered
from authlab.stats.intervals import Interval
from authlab.stats.pairing import base_labels
from authlab.stats.percentiles import BEYOND, block_percentiles, supported
from authlab.stats.tails import tail_effect

TAILS: Final[Mapping[str, float]] = {"p95_ms": 95.0, "p99_ms": 99.0}
"""Percentiles of all requests together: those of single slices rest on a handful, and may not be averaged."""


def tail_observations(data: StageData, pairs: Sequence[tuple[str, str]]) -> list[Observation]:
    """Each mode's tails in ms, and ratio and difference of each pair (mode, against), the A/A pair among them.

    Where too few requests lie beyond a percentile the observation has no value, and its note says how many it takes.
    """
    held = {
        label: rows
        for frames in data.frames.values()
        for (label,), rows in answered(frames.samples).partition_by("label", as_dict=True).items()
    }
    found: list[Observation] = []
    for quantity, q in TAILS.items():
        for mode in data.frames:
            found.append(_level(data, mode, quantity, q, held))
        twin = [(FLOOR + AGAIN, FLOOR)] if FLOOR + AGAIN in held else []
        for mode, against in [*pairs, *twin]:
            found.extend(_effect(data, mode, against, quantity, q, held))
    return found


def _level(data: StageData, mode: str, quantity: str, q: float, held: Mapping[str, pl.DataFrame]) -> Observation:
    rows = [held[label] for label in (mode, mode + AGAIN) if label in held]
    every = pl.concat(rows) if rows else pl.DataFrame(schema={"response_ms": pl.Float64, "block": pl.Int64})
    if not supported(q, every.height):
        return _too_few(data, mode, quantity, q, every.height)
    rng = _generator(data, quantity, mode)
    (point,) = block_percentiles(every["response_ms"], every["block"], [q], rng=rng, resamples=400)
    interval = Interval(point.value, point.low, point.high, every["block"].n_unique())
    return observation(mode, quantity, interval, every.height, "ms", data)


def _effect(
    data: StageData, mode: str, against: str, quantity: str, q: float, held: Mapping[str, pl.DataFrame]
) -> list[Observation]:
    base = [held[label] for label in base_labels(held, mode, against) if label in held]
    if mode not in held or not base:
        return []
    effect = tail_effect(held[mode], pl.concat(base), q, _generator(data, quantity, mode + against))
    if effect is None:
        return []  # the levels have said why
    note = "A/A pair" if mode == against + AGAIN else ""
    requests = held[mode].height
    return [
        observation(mode, f"{quantity}_ratio", effect.ratio, requests, "ratio", data, against, note),
        observation(mode, f"{quantity}_difference", effect.difference, requests, "ms", data, against, note),
    ]


def _too_few(data: StageData, mode: str, quantity: str, q: float, requests: int) -> Observation:
    needed = round(BEYOND * 100 / (100 - q))
    return Observation(
        mode,
        quantity,
        None,
        None,
        0,
        requests,
        "ms",
        data.stage.workers,
        None,
        f"too few requests for this percentile: {requests} of at least {needed}; run longer with --for",
    )


def _generator(data: StageData, *name: str) -> np.random.Generator:
    """A generator of its own for each observation: one more mode must not change the others' intervals."""
    return np.random.default_rng([data.stage.seed, zlib.crc32(":".join(name).encode())])
