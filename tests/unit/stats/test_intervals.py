"""Intervals against known answers, against scipy, and by simulated coverage."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from authlab.stats.intervals import (
    block_interval,
    difference_interval,
    is_autocorrelated,
    lag1_autocorrelation,
    merge_neighbours,
    ratio_interval,
    share_interval,
)


def test_the_interval_of_a_mean_is_scipys_student_interval() -> None:
    values = np.random.default_rng(4).normal(10, 2, 25)
    assert not is_autocorrelated(values), "the seed was chosen so that nothing is merged"
    found = block_interval(values)
    low, high = scipy_stats.t.interval(0.95, 24, loc=values.mean(), scale=scipy_stats.sem(values))
    assert (found.low, found.value, found.high) == pytest.approx((low, values.mean(), high))
    assert found.blocks == 25


def test_a_trimmed_interval_is_scipys_for_a_trimmed_mean() -> None:
    values = np.random.default_rng(4).normal(10, 2, 25)
    found = block_interval(values, trim=0.1)
    low, high = scipy_stats.mstats.trimmed_mean_ci(values, limits=(0.08, 0.08), alpha=0.05)  # 2 of 25
    assert found.merged == 1
    assert found.value == pytest.approx(scipy_stats.trim_mean(values, 0.1))
    assert (found.low, found.high) == pytest.approx((low, high), rel=2e-3)


def test_one_slice_that_the_machine_slept_through_hardly_moves_a_ratio() -> None:
    rng = np.random.default_rng(2)
    base = rng.lognormal(0, 0.05, 40)
    top = 1.1 * base * rng.lognormal(0, 0.02, 40)
    calm = ratio_interval(top, base)
    top[7] *= 30
    shaken = ratio_interval(top, base)
    assert shaken.value == pytest.approx(calm.value, rel=0.01)
    assert shaken.half_width < 1.5 * calm.half_width


def test_a_ratio_is_the_geometric_mean_of_block_ratios() -> None:
    base = np.array([1.0, 2.0, 4.0, 8.0])
    found = ratio_interval(base * np.array([2.0, 0.5, 2.0, 0.5]), base)
    assert found.value == pytest.approx(1.0)
    assert found.low == pytest.approx(1 / found.high)


def test_a_constant_ratio_has_no_width() -> None:
    base = np.array([1.0, 3.0, 2.0, 5.0])
    found = ratio_interval(base * 1.25, base)
    assert (found.low, found.value, found.high) == pytest.approx((1.25, 1.25, 1.25))


def test_pairing_takes_the_machines_mood_out_of_a_difference() -> None:
    rng = np.random.default_rng(1)
    mood = rng.normal(0, 100, 30)
    found = difference_interval(mood + 1 + rng.normal(0, 0.1, 30), mood)
    assert found.low < 1 < found.high
    assert found.half_width < 0.1


def test_lag1_autocorrelation_of_a_hand_computed_series() -> None:
    # mean 2.5; deviations -1.5 -0.5 0.5 1.5; products 0.75 - 0.25 + 0.75 = 1.25; power 5
    assert lag1_autocorrelation(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.25)
    assert lag1_autocorrelation(np.array([0.1 + 0.2] * 9 + [0.3])) == 0.0


def test_merging_averages_neighbours_and_keeps_the_rest() -> None:
    merged = merge_neighbours(np.arange(7.0), 2)
    assert merged.tolist() == [0.5, 2.5, 5.0]


def test_blocks_that_drift_together_are_merged() -> None:
    wave = np.sin(np.arange(48) / 4)
    found = block_interval(wave)
    assert found.merged > 1
    assert found.blocks == 48 // found.merged
    assert found.measured == 48


def test_what_cannot_be_an_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two blocks"):
        block_interval([1.0])
    with pytest.raises(ValueError, match="not finite"):
        block_interval([1.0, float("nan"), 2.0])
    with pytest.raises(ValueError, match="positive"):
        ratio_interval([1.0, 0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="paired by block"):
        ratio_interval([1.0, 2.0, 3.0], [1.0, 1.0])


def test_no_failure_in_n_requests_is_not_certainty() -> None:
    found = share_interval([0] * 20, [300] * 20)
    assert (found.value, found.low) == (0.0, 0.0)
    # Clopper and Pearson: 1 - 0.025^(1/n)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 6000))


def test_a_share_of_failures_is_pooled_over_blocks_of_unlike_size() -> None:
    found = share_interval([10, 60], [100, 200])
    assert found.value == pytest.approx(70 / 300)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_blocks_without_requests_do_not_count() -> None:
    assert share_interval([1, 0, 1], [2, 0, 2]).value == 0.5
    with pytest.raises(ValueError, match="at least one request"):
        share_interval([0], [0])
