"""Percentiles with intervals from resampled blocks."""

import numpy as np
import pytest

from authlab.stats.percentiles import block_percentiles, supported


def test_percentiles_are_exact_and_lie_within_their_intervals() -> None:
    rng = np.random.default_rng(1)
    values = rng.lognormal(0, 1, 20_000)
    for found in block_percentiles(values, np.repeat(np.arange(40), 500), [50, 95, 99], rng=rng):
        assert found.value == pytest.approx(np.percentile(values, found.q))
        assert found.low <= found.value <= found.high
        assert found.high / found.low < 1.2


def test_a_percentile_without_ten_requests_beyond_it_is_not_shown() -> None:
    assert supported(99, 1000)
    assert not supported(99.9, 1000)
    rng = np.random.default_rng(1)
    found = block_percentiles(rng.random(1000), np.arange(1000) % 20, [50, 99, 99.9], rng=rng)
    assert [p.q for p in found] == [50, 99]


def test_one_bad_block_widens_the_interval_of_the_tail() -> None:
    rng = np.random.default_rng(2)
    calm = rng.lognormal(0, 0.3, 6000)
    stormy = calm.copy()
    stormy[:300] *= 20
    blocks = np.repeat(np.arange(20), 300)
    (quiet,), (loud,) = (block_percentiles(v, blocks, [99], rng=rng) for v in (calm, stormy))
    assert loud.high / loud.low > 3 * quiet.high / quiet.low


def test_without_blocks_there_is_no_interval() -> None:
    (found,) = block_percentiles(np.arange(1.0, 101.0), np.zeros(100), [50], rng=np.random.default_rng(0))
    assert found.value == 50.5
    assert np.isnan(found.low)
