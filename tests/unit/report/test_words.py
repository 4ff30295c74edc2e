"""Numbers as the report writes them."""

from __future__ import annotations

import pytest

from authlab.report.words import change, duration, in_unit, inner, measured, number, percent, points, size


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1,234"), (12.34, "12.3"), (0.01234, "0.0123"), (1.5e-9, "1.5e-09"), (None, "—")],
)
def test_numbers_keep_three_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (2 / 3, "66.7 %"), (0.0004, "0.04 %"), (0.999, "99.90 %"), (1e-6, "0.0001 %")],
)
def test_a_small_share_is_not_rounded_to_nothing_and_a_large_one_not_to_all(share: float, text: str) -> None:
    assert plain(percent(share)) == text


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.35, "+35 %"), (0.9, "−10 %"), (1.0, "±0 %"), (1.012, "+1.2 %"), (4.2, "× 4.20"), (0.0, "—")]
)
def test_a_ratio_is_told_as_a_change_until_it_is_a_multiple(ratio: float, text: str) -> None:
    assert plain(change(ratio)) == text


def test_an_interval_shares_the_unit_of_its_value() -> None:
    assert plain(measured(2 / 3, (0.658, 0.676), "share")) == "66.7 [65.8, 67.6] %"
    assert plain(measured(1.19, (1.17, 1.21), "ratio")) == "× 1.19 [1.17, 1.21]"
    assert plain(measured(656.0, None, "us")) == "656 µs"


def test_sizes_times_and_points_have_their_units() -> None:
    assert plain(size(146 * 1024**2)) == "146 MiB"
    assert plain(duration(177)) == "2 min 57 s"
    assert plain(points(0.0021)) == "+0.21 points"
    assert plain(in_unit(300, "rps")) == "300 requests/s"


def test_a_title_within_a_sentence_keeps_an_abbreviation() -> None:
    assert inner("CPU per request") == "CPU per request"
    assert inner("Median response time") == "median response time"
