"""Ratios and differences of tail percentiles, against distributions whose percentiles are known."""

import numpy as np
import polars as pl
import pytest

from authlab.stats.tails import tail_effect

_BLOCKS = 60


def _rows(rng: np.random.Generator, scale: float, mood: np.ndarray, requests: int = 80) -> pl.DataFrame:
    block = np.repeat(np.arange(mood.size), requests)
    return pl.DataFrame({"block": block, "response_ms": scale * mood[block] * rng.exponential(1.0, block.size)})


def test_intervals_cover_the_ratio_and_the_difference_of_known_percentiles() -> None:
    rng = np.random.default_rng(3)
    q95 = -np.log(0.05)  # of the exponential distribution with mean 1
    runs = ratios = differences = 0
    for _ in range(300):
        flat = np.ones(_BLOCKS)
        effect = tail_effect(_rows(rng, 3.0, flat), _rows(rng, 2.0, flat), 95.0, rng, resamples=200)
        assert effect is not None
        runs += 1
        ratios += effect.ratio.low <= 1.5 <= effect.ratio.high
        differences += effect.difference.low <= q95 <= effect.difference.high
    # A bootstrap of tails falls a little short of its 95 %: by two points at most, and three deviations of 300 runs.
    assert ratios / runs >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / runs)
    assert differences / runs >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / runs)


def test_blocks_are_paired_so_that_the_machines_mood_does_not_widen_a_ratio() -> None:
    rng = np.random.default_rng(4)
    mood = rng.lognormal(0, 0.5, _BLOCKS)
    top, base = _rows(rng, 1.2, mood, 400), _rows(rng, 1.0, mood, 400)
    paired = tail_effect(top, base, 95.0, rng)
    shuffled = base.with_columns(((pl.col("block") + 17) % _BLOCKS).alias("block"))
    unpaired = tail_effect(top, shuffled, 95.0, rng)
    assert paired is not None
    assert unpaired is not None
    assert paired.ratio.half_width < 0.6 * unpaired.ratio.half_width


def test_too_few_requests_beyond_the_percentile_give_no_answer() -> None:
    rng = np.random.default_rng(5)
    few = _rows(rng, 1.0, np.ones(4), 49)  # 196 requests: 9.8 beyond the 95th percentile
    enough = _rows(rng, 1.0, np.ones(4), 50)
    assert tail_effect(few, enough, 95.0, rng) is None
    assert tail_effect(enough, enough, 95.0, rng) is not None


def test_the_exact_value_lies_within_its_interval() -> None:
    rng = np.random.default_rng(6)
    same = _rows(rng, 1.0, np.ones(8), 50)
    effect = tail_effect(same, same, 95.0, rng)
    assert effect is not None
    assert effect.ratio.value == pytest.approx(1.0)
    assert effect.ratio.low <= effect.ratio.value <= effect.ratio.high
    assert effect.difference.value == pytest.approx(0.0)
