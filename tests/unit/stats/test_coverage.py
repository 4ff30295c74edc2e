"""How often the intervals hold the truth, by simulation: with independent blocks, and with blocks that drift."""

import numpy as np
import pytest

from authlab.stats.intervals import block_interval, difference_interval, ratio_interval, share_interval
from authlab.stats.percentiles import block_percentiles
from authlab.stats.starts import interval_with_starts, starts_of

_RUNS = 1500
_SPREAD = 3 * np.sqrt(0.95 * 0.05 / _RUNS)
"""Three standard deviations of a simulated coverage of 95 %."""


def _series(rng: np.random.Generator, blocks: int, r1: float) -> np.ndarray:
    noise = rng.standard_normal(blocks + 50)
    series = np.zeros(blocks + 50)
    for i in range(1, blocks + 50):
        series[i] = r1 * series[i - 1] + noise[i]
    return series[50:]


@pytest.mark.parametrize(
    ("blocks", "r1", "at_least"), [(20, 0.0, 0.95), (26, 0.0, 0.95), (26, 0.3, 0.90), (52, 0.3, 0.92)]
)
def test_block_intervals_cover_the_mean(blocks: int, r1: float, at_least: float) -> None:
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(_RUNS):
        found = block_interval(_series(rng, blocks, r1))
        hits += found.low <= 0 <= found.high
    assert hits / _RUNS >= at_least - _SPREAD


@pytest.mark.parametrize("blocks", [20, 26, 100])
def test_trimmed_intervals_cover_the_middle_of_blocks_with_wild_ones_among_them_and_are_narrower(blocks: int) -> None:
    rng = np.random.default_rng(11)
    hits, trimmed, plain = 0, 0.0, 0.0
    for _ in range(_RUNS):
        wild = rng.random(blocks) < 0.08
        values = rng.normal(0, np.where(wild, 6.0, 1.0))
        found = block_interval(values, trim=0.1)
        hits += found.low <= 0 <= found.high
        trimmed += found.half_width
        plain += block_interval(values).half_width
    assert hits / _RUNS >= 0.95 - _SPREAD
    assert trimmed < 0.8 * plain


def test_ratio_intervals_cover_the_ratio_of_skewed_blocks() -> None:
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(_RUNS):
        mood = rng.lognormal(0, 0.3, 26)
        found = ratio_interval(1.2 * mood * rng.lognormal(0, 0.1, 26), mood * rng.lognormal(0, 0.1, 26))
        hits += found.low <= 1.2 <= found.high
    assert hits / _RUNS == pytest.approx(0.95, abs=0.03)


def test_difference_intervals_cover_the_difference_of_blocks_with_a_common_mood() -> None:
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(_RUNS):
        mood = rng.normal(5, 2, 26)
        found = difference_interval(mood + rng.normal(0.4, 0.3, 26), mood + rng.normal(0, 0.3, 26))
        hits += found.low <= 0.4 <= found.high
    assert hits / _RUNS == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("share", "spread"), [(2 / 3, 0.0), (2 / 3, 0.1), (7 / 8, 0.05), (0.02, 0.01)])
def test_share_intervals_cover_the_share_of_blocks_of_unlike_size_that_may_differ(share: float, spread: float) -> None:
    rng = np.random.default_rng(13)
    hits = 0
    for _ in range(_RUNS):
        requests = rng.poisson(150, 45)
        shares = np.clip(rng.normal(share, spread, 45), 0, 1) if spread else np.full(45, share)
        found = share_interval(rng.binomial(requests, shares), requests)
        hits += found.low <= share <= found.high
    assert hits / _RUNS >= 0.95 - _SPREAD - 0.01, "a skewed share near 0 costs a point"


def test_percentile_intervals_cover_the_median_although_blocks_differ() -> None:
    rng = np.random.default_rng(9)
    runs, hits = 400, 0
    for _ in range(runs):
        level = np.repeat(rng.lognormal(0, 0.2, 26), 200)
        values = level * rng.lognormal(1, 0.5, level.size)
        (median,) = block_percentiles(values, np.repeat(np.arange(26), 200), [50], rng=rng, resamples=300)
        hits += median.low <= np.e <= median.high
    assert hits / runs >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)


@pytest.mark.parametrize("spread", [0.004, 0.02, 0.05])
def test_ratio_intervals_of_three_rounds_cover_the_ratio_however_much_starts_differ(spread: float) -> None:
    rng = np.random.default_rng(21)
    runs, labels, rounds, blocks = 300, 6, 3, 30
    number = np.repeat(np.arange(rounds), blocks)
    hits = blind = 0
    for _ in range(runs):
        mood = rng.normal(0, 0.1, rounds * blocks)
        start = np.repeat(rng.normal(0, spread, (labels, rounds)), blocks, axis=1)
        values = np.exp(mood + start + rng.normal(0, 0.03, (labels, rounds * blocks)))
        starts = starts_of({str(label): own for label, own in enumerate(values)}, number)
        assert starts is not None
        for top, base in ((0, 1), (2, 3), (4, 5)):
            ratios = np.log(values[top] / values[base])
            found = interval_with_starts(ratios, number, starts, 2.0)
            hits += found.low <= 0 <= found.high
            blind += abs(ratios.mean()) <= 1.99 * ratios.std(ddof=1) / np.sqrt(ratios.size)
    assert hits / (3 * runs) >= 0.94
    assert blind < hits, "an interval of blocks alone does not know about starts"
