"""The schedule: Poisson, the same for equal seeds however users are split, independent between users."""

from __future__ import annotations

import itertools
import math

import pytest
from scipy import stats

from lab_load.schedule import ITEMS, Arrival, Mix, arrivals, endless, stream

MIX = Mix({"me": 0.7, "cart": 0.2, "add": 0.1})
SECOND = 1_000_000_000


def window(seed: int, users: range, rate_rps: float = 300.0, total: int = 50, seconds: float = 2.0) -> list[Arrival]:
    found = []
    for user in users:
        found += arrivals(stream(seed, user), rate_rps / total, int(seconds * SECOND), MIX)
    return sorted(found)


def test_equal_seeds_give_equal_arrivals_however_users_are_split_among_processes() -> None:
    whole = window(7, range(50))
    first, second = window(7, range(0, 50, 2)), window(7, range(1, 50, 2))
    assert whole == sorted(first + second)
    assert len(whole) > 400


def test_another_seed_gives_other_arrivals() -> None:
    assert window(7, range(50)) != window(8, range(50))


def test_the_arrivals_of_all_users_together_come_at_the_planned_rate() -> None:
    count = len(window(3, range(50), seconds=60))
    assert abs(count - 18_000) < 4 * math.sqrt(18_000)


def test_the_gaps_between_arrivals_are_exponential() -> None:
    moments = [arrival.at_ns / SECOND for arrival in window(11, range(50), seconds=20)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert stats.kstest(gaps, "expon", args=(0, 1 / 300)).pvalue > 0.001


def test_counts_in_disjoint_intervals_have_the_variance_of_a_poisson_process() -> None:
    counts = [0] * 200
    for arrival in window(5, range(50), seconds=20):
        counts[arrival.at_ns // (SECOND // 10)] += 1
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    assert 0.7 < variance / mean < 1.4


def test_users_are_independent_of_each_other() -> None:
    one, two = ([len(window(seed, range(user, user + 1))) for seed in range(400)] for user in (0, 1))
    assert abs(stats.pearsonr(one, two).statistic) < 0.2


def test_all_arrivals_lie_within_their_window() -> None:
    assert all(0 <= arrival.at_ns < 2 * SECOND for arrival in window(7, range(50)))


def test_operations_come_in_the_shares_of_the_mix_and_only_writes_name_an_item() -> None:
    drawn = window(2, range(50), seconds=30)
    for op, share in {"me": 0.7, "cart": 0.2, "add": 0.1}.items():
        assert sum(arrival.op == op for arrival in drawn) / len(drawn) == pytest.approx(share, abs=0.03)
    assert {arrival.item for arrival in drawn if arrival.op == "add"} == set(ITEMS)
    assert {arrival.item for arrival in drawn if arrival.op != "add"} == {""}


def test_shares_are_relative_to_their_sum_and_one_of_nothing_is_never_drawn() -> None:
    mix, rng = Mix({"me": 3, "cart": 0, "add": 1}), stream(1, 0)
    ops = [mix.draw(rng)[0] for _ in range(4000)]
    assert "cart" not in ops
    assert ops.count("add") / 4000 == pytest.approx(0.25, abs=0.03)


def test_an_endless_stream_follows_a_rate_that_changes() -> None:
    rates = itertools.chain([10.0] * 1000, itertools.repeat(100.0))
    found = list(itertools.islice(endless(stream(1, 0), rates, MIX), 2000))
    slow, fast = found[999].at_ns / SECOND, (found[1999].at_ns - found[999].at_ns) / SECOND
    assert slow == pytest.approx(100, rel=0.15)
    assert fast == pytest.approx(10, rel=0.15)
