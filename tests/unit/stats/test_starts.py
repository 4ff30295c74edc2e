"""The variance between starts: found where it is, not found where it isn't, and pooled over all labels."""

import numpy as np
import pytest

from authlab.stats.intervals import Interval
from authlab.stats.starts import at_least_as_wide, interval_with_starts, starts_of, starts_of_values

_ROUNDS = np.repeat(np.arange(3), 30)


def _made(spread: float, labels: int = 6, noise: float = 0.01, seed: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    start = np.repeat(rng.normal(0, spread, (labels, 3)), 30, axis=1)
    values = np.exp(rng.normal(0, 0.2, 90) + start + rng.normal(0, noise, (labels, 90)))
    return {str(label): own for label, own in enumerate(values)}


def test_the_spread_between_starts_is_recovered_with_the_layouts_degrees_of_freedom() -> None:
    found = [starts_of(_made(0.03, seed=seed), _ROUNDS) for seed in range(40)]
    kept = [one for one in found if one is not None]
    assert {one.degrees for one in kept} == {10}
    assert np.sqrt(np.mean([one.variance for one in kept])) == pytest.approx(0.03, rel=0.15)


def test_starts_that_do_not_differ_have_next_to_no_variance_and_leave_intervals_as_narrow_as_blocks_make_them() -> None:
    made = _made(0.0)
    starts = starts_of(made, _ROUNDS)
    assert starts is not None
    assert starts.spread < 0.002
    found = interval_with_starts(np.log(made["0"] / made["1"]), _ROUNDS, starts, 2.0)
    assert found.half_width < 0.006


def test_what_all_labels_of_a_round_share_is_no_start() -> None:
    drift = np.exp(np.repeat([0.0, 0.3, -0.2], 30))
    made = {label: own * drift for label, own in _made(0.0).items()}
    starts = starts_of(made, _ROUNDS)
    assert starts is not None
    assert starts.spread < 0.002


def test_nothing_is_known_about_starts_from_one_round_or_one_label_or_a_round_that_was_cut_short() -> None:
    made = _made(0.02)
    assert starts_of(made, np.zeros(90, dtype=np.int64)) is None
    assert starts_of({"0": made["0"]}, _ROUNDS) is None
    assert starts_of(made, np.where(np.arange(90) < 87, 0, 1)) is None
    short = starts_of(made, np.where(np.arange(90) < 60, _ROUNDS, np.where(np.arange(90) < 63, 2, 1)))
    assert short is not None
    assert short.degrees == 5


def test_blocks_that_a_label_lacks_are_left_out_for_all() -> None:
    made = _made(0.03)
    torn = {**made, "2": np.where(np.arange(90) % 7 == 0, np.nan, made["2"])}
    whole, some = starts_of(made, _ROUNDS), starts_of(torn, _ROUNDS)
    assert whole is not None
    assert some is not None
    assert some.variance == pytest.approx(whole.variance, rel=0.3)


def test_a_tail_that_differs_from_start_to_start_has_a_wider_interval_than_its_bootstrap() -> None:
    values = np.exp(np.random.default_rng(4).normal(0, 0.2, (6, 3)))
    starts = starts_of_values(values)
    assert starts is not None
    assert starts.degrees == 10
    narrow, wide = Interval(0.1, 0.09, 0.11, 90), Interval(0.1, -2.0, 2.0, 90)
    assert at_least_as_wide(narrow, starts, 2.0, 3).half_width > 0.2
    assert at_least_as_wide(wide, starts, 2.0, 3) == wide
    assert starts_of_values(values[:, :1]) is None
