"""The slope through means of several rounds: the planted one, with an interval that knows what starts do."""

from __future__ import annotations

import numpy as np
import pytest

from authlab.stats.lines import slope_over_rounds

_ADDED = np.array([0.0] * 6 + [20.0, 50.0, 100.0, 200.0])


def _means(rng: np.random.Generator, slope: float, rounds: int, spread: float) -> np.ndarray:
    level = rng.normal(0, 50, (rounds, 1))  # the machine is faster in one round than in another
    return 700 + level + slope * _ADDED + rng.normal(0, spread, (rounds, _ADDED.size))


def test_means_on_a_line_give_its_slope_whatever_each_rounds_level() -> None:
    found = slope_over_rounds(_ADDED, _means(np.random.default_rng(1), 0.8, 3, 0.0))
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.8, 0.8))
    assert found.blocks == 30


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("spread", [3.0, 35.0])
def test_the_interval_holds_the_slope_in_95_of_100_runs(rounds: int, spread: float) -> None:
    rng = np.random.default_rng(2)
    found = [slope_over_rounds(_ADDED, _means(rng, 1.0, rounds, spread)) for _ in range(2000)]
    assert 0.94 <= np.mean([one.low <= 1 <= one.high for one in found]) <= 0.96


def test_more_rounds_make_it_narrower() -> None:
    rng = np.random.default_rng(3)
    one, three = (
        np.mean([slope_over_rounds(_ADDED, _means(rng, 1, n, 5.0)).half_width for _ in range(200)]) for n in (1, 3)
    )
    assert three < 0.7 * one


@pytest.mark.parametrize(("x", "rounds"), [([0.0, 1.0], 1), ([5.0, 5.0, 5.0, 5.0], 3), ([1.0], 9)])
def test_too_few_means_or_all_at_one_place_make_no_line(x: list[float], rounds: int) -> None:
    with pytest.raises(ValueError, match="do not make a line"):
        slope_over_rounds(np.array(x), np.zeros((rounds, len(x))))
