"""Observations of a stage: failure shares, latency and CPU per request, and their ratios between modes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.experiments.base import StageData
from authlab.model.findings import Observation
from authlab.model.windows import AGAIN
from authlab.stats.blocks import block_table
from authlab.stats.equivalence import AAResult, judge_aa
from authlab.stats.intervals import Interval, block_interval, difference_interval, ratio_interval, share_interval
from authlab.stats.pairing import paired

FLOOR = "none"
"""The mode that everything is compared with."""

QUANTITIES = {"p50_ms": "ms", "cpu_us": "us"}
"""Per-block quantities that are compared between modes, with their units. Tails have a module of their own."""

AA_MARGIN = {"p50_ms": 0.10, "cpu_us": 0.05}
"""How far apart the A/A pair's interval may reach before the run's ratios of that quantity are not believed."""


def table_of(data: StageData) -> pl.DataFrame:
    """The stage's block table over all its modes (`authlab.stats.blocks.block_table`)."""
    tables = [block_table(f.samples, f.resources, f.windows) for f in data.frames.values()]
    return pl.concat(tables) if tables else pl.DataFrame()


def failure_shares(data: StageData, table: pl.DataFrame) -> list[Observation]:
    """`auth_failure_share` and `failure_share` of each mode, of requests after a successful log-in."""
    found = []
    for mode in data.frames:
        rows = table.filter(pl.col("label").is_in([mode, mode + AGAIN]))
        requests = rows["requests"].to_numpy()
        if not requests.sum():
            continue
        for quantity, column in (("auth_failure_share", "auth_failures"), ("failure_share", "failures")):
            interval = share_interval(rows[column].to_numpy(), requests)
            found.append(observation(mode, quantity, interval, int(requests.sum()), "share", data))
    return found


def levels(data: StageData, table: pl.DataFrame) -> list[Observation]:
    """Each mode's median response time and its CPU per request over the blocks, in their own units."""
    found = []
    for mode in data.frames:
        rows = table.filter(pl.col("label").is_in([mode, mode + AGAIN]))
        for quantity, unit in QUANTITIES.items():
            values = _finite(rows[quantity])
            if values.size >= 2:
                requests = int(rows["requests"].sum())
                found.append(observation(mode, quantity, block_interval(values), requests, unit, data))
    return found


def comparisons(data: StageData, table: pl.DataFrame, pairs: list[tuple[str, str]]) -> list[Observation]:
    """Ratios (`p50_ms_ratio`) and differences (`p50_ms_difference`) of each pair (mode, against), paired by block."""
    found = []
    for mode, against in pairs:
        for quantity, unit in QUANTITIES.items():
            top, bottom, requests = paired(table, quantity, mode, against)
            if top.size < 2:
                continue
            ratio, gap = ratio_interval(top, bottom), difference_interval(top, bottom)
            found.append(observation(mode, f"{quantity}_ratio", ratio, requests, "ratio", data, against))
            found.append(observation(mode, f"{quantity}_difference", gap, requests, unit, data, against))
    return found


def aa_results(table: pl.DataFrame) -> dict[str, AAResult]:
    """The A/A pair's verdict for each quantity; empty where no mode was measured twice."""
    found = {}
    for quantity, margin in AA_MARGIN.items():
        top, bottom, _ = paired(table, quantity, FLOOR + AGAIN, FLOOR)
        if top.size >= 2:
            found[quantity] = judge_aa(ratio_interval(top, bottom), margin)
    return found


def aa_observations(results: Mapping[str, AAResult], data: StageData, table: pl.DataFrame) -> list[Observation]:
    """The A/A pair as observations: the ratio, and the smallest effect that the run could have seen."""
    requests = int(table.filter(pl.col("label").is_in([FLOOR, FLOOR + AGAIN]))["requests"].sum())
    found = []
    for quantity, result in results.items():
        found.append(
            observation(FLOOR + AGAIN, f"{quantity}_ratio", result.ratio, requests, "ratio", data, FLOOR, "A/A pair")
        )
        found.append(
            Observation(
                FLOOR + AGAIN,
                f"{quantity}_smallest_effect",
                result.smallest_effect,
                None,
                result.ratio.blocks,
                requests,
                "ratio",
                data.stage.workers,
                FLOOR,
                f"A/A pair within its margin of {result.margin:g}: {'yes' if result.passed else 'no'}",
            )
        )
    return found


def _finite(values: pl.Series) -> npt.NDArray[np.float64]:
    array: npt.NDArray[np.float64] = values.drop_nulls().to_numpy()
    return array[np.isfinite(array)]


def observation(
    mode: str,
    quantity: str,
    interval: Interval,
    samples: int,
    unit: str,
    data: StageData,
    against: str | None = None,
    note: str = "",
) -> Observation:
    """`interval` as an observation of the stage, with what is to be known about it in its note."""
    notes = [note] if note else []
    if interval.merged > 1:
        notes.append(f"{interval.merged} neighbouring blocks merged")
    if interval.autocorrelated:
        notes.append("neighbouring blocks still look alike: the interval may be too narrow")
    ends = None if math.isnan(interval.low) else (interval.low, interval.high)
    return Observation(
        mode,
        quantity,
        interval.value,
        ends,
        interval.measured,
        samples,
        unit,
        data.stage.workers,
        against,
        "; ".join(notes),
    )
