"""Intervals over users agree with scipy's, whose loading is too slow for the command line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from authlab.stats.users import mean_of_counts, mean_of_users, share_of_users

_VALUES = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=60)


@settings(deadline=None)
@given(st.integers(1, 500), st.data())
def test_a_share_has_clopper_and_pearsons_interval(users: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, users))
    expected = stats.binomtest(hits, users).proportion_ci(0.95, method="exact")
    assert share_of_users(hits, users) == pytest.approx((expected.low, expected.high), abs=1e-9)


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_the_share_itself_is_inside_and_nothing_is_outside_of_0_and_1(users: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, users))
    low, high = share_of_users(hits, users)
    assert 0.0 <= low <= hits / users <= high <= 1.0
    assert low < high


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_hits_and_misses_mirror_each_other(users: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, users))
    low, high = share_of_users(hits, users)
    assert share_of_users(users - hits, users) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_nobody_and_everybody_have_one_sided_ends() -> None:
    assert share_of_users(0, 100) == pytest.approx((0.0, 1 - 0.025 ** (1 / 100)))
    assert share_of_users(30, 30) == pytest.approx((0.025 ** (1 / 30), 1.0))
    assert share_of_users(0, 1) == pytest.approx((0.0, 0.975))
    assert share_of_users(1, 1) == pytest.approx((0.025, 1.0))


@pytest.mark.parametrize(("hits", "users"), [(0, 0), (1, 0), (-1, 5), (6, 5), (0, -1)])
def test_what_is_no_share_is_refused(hits: int, users: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        share_of_users(hits, users)


@settings(deadline=None)
@given(_VALUES)
def test_a_mean_has_students_interval(values: list[float]) -> None:
    found = mean_of_users(values)
    assert found is not None
    spread = stats.sem(values)
    mean = math.fsum(values) / len(values)
    if not spread > 1e-12 * max(1.0, *map(abs, values)):
        assert found == pytest.approx((mean, mean), rel=1e-9, abs=1e-9)
        return
    expected = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=spread)
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_equal_values_leave_no_doubt() -> None:
    assert mean_of_users([2.0] * 40) == (2.0, 2.0)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_users_have_no_interval(values: list[float]) -> None:
    assert mean_of_users(values) is None


def test_two_users_have_a_wide_one() -> None:
    assert mean_of_users([0.0, 1.0]) == pytest.approx((0.5 - 6.3531, 0.5 + 6.3531), abs=1e-4)


def test_counts_that_are_all_alike_are_not_therefore_certain() -> None:
    assert mean_of_counts([2.0, 3.0, 2.0]) == mean_of_users([2.0, 3.0, 2.0])
    assert mean_of_counts([2.0]) is None
    assert mean_of_counts([]) is None
    few, many = mean_of_counts([2.0] * 2), mean_of_counts([2.0] * 200)
    assert few is not None
    assert many is not None
    assert few[0] == pytest.approx(2 - (1 - 0.025**0.5))
    assert 1.9 < many[0] < 2.0 < many[1] < 2.1
    assert mean_of_counts([0.0] * 50) == pytest.approx((0.0, 1 - 0.025 ** (1 / 50))), "no count is below 0"
