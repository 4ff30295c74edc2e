"""The largest of several estimates: its interval holds the truly largest quantity."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from authlab.stats.extremes import largest
from authlab.stats.intervals import Interval, block_interval


def _of(data: np.ndarray, number: int, level: float) -> Interval:
    return block_interval(data[number], level)


@pytest.mark.parametrize("truths", [(0.0, 0.0, 0.0, 0.0), (0.0, 0.03, -0.5, 0.02), (1.0, 0.0, 0.0, 0.0)])
def test_the_interval_holds_the_largest_in_95_of_100_runs_or_more(truths: tuple[float, ...]) -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(500):
        data = np.array(truths)[:, None] + rng.normal(0, 0.1, (len(truths), 30))
        found = largest(partial(_of, data), len(truths))
        assert found is not None
        assert found.low <= found.value <= found.high
        held.append(found.low <= max(truths) <= found.high)
    assert np.mean(held) >= 0.93


def test_nothing_is_said_if_one_of_them_could_not_be_measured() -> None:
    data = np.ones((2, 5))
    assert largest(lambda number, level: _of(data, number, level) if number else None, 2) is None
    assert largest(partial(_of, data), 0) is None
