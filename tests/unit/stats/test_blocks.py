"""CPU per request: several counts per slice, clocks that are not known, and requests that belong to no count."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from authlab.stats.blocks import cpu_counts, cpu_per_request
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA

_S = 1_000_000_000
_COLUMNS = ("cpu_us", "proxy_us", "workers_us", "store_us")

Reading = tuple[str, float, float, int | None]
"""A part, from and to in seconds, and the CPU time in microseconds; None where it is not known."""


def _resources(*readings: Reading, index: int = 0) -> pl.DataFrame:
    rows = [
        [index, part, round(start * _S), round(end * _S), None if us is None else us * 1000, 1]
        for part, start, end, us in readings
    ]
    return pl.DataFrame(rows, schema=pl.Schema(RESOURCES_SCHEMA), orient="row")


def _samples(done_s: Sequence[float], index: int = 0) -> pl.DataFrame:
    blank = {name: [None] * len(done_s) for name in SAMPLES_SCHEMA}
    moments = [round(at * _S) for at in done_s]
    known = {"window": [index] * len(done_s), "done_ns": moments}
    return pl.DataFrame({**blank, **known}, schema=pl.Schema(SAMPLES_SCHEMA))


def _windows(*labels: str) -> pl.DataFrame:
    rows = [[n, n, label, n * 10 * _S, n * 10 * _S, (n + 1) * 10 * _S, 0, 0, 0] for n, label in enumerate(labels)]
    return pl.DataFrame(rows, schema=pl.Schema(WINDOWS_SCHEMA), orient="row")


def _costs(samples: pl.DataFrame, resources: pl.DataFrame) -> dict[str, float]:
    """Microseconds per request of the only slice, by column; empty where there is no row for it."""
    rows = cpu_per_request(samples, resources, _windows("jwt")).to_dicts()
    assert len(rows) <= 1
    return {name: rows[0][name] for name in _COLUMNS} if rows else {}


def test_the_counts_of_a_slice_add_up() -> None:
    resources = _resources(
        ("proxy", 0, 1, 100),
        ("worker-1", 0, 1, 300),
        ("worker-2", 0, 1, 500),
        ("proxy", 1, 2, 50),
        ("worker-1", 1, 2, 70),
        ("worker-2", 1, 2, 80),
        ("store", 1, 2, 100),
    )
    found = _costs(_samples([0.2, 0.4, 0.6, 1.5]), resources)
    assert found == {"cpu_us": 300.0, "proxy_us": 37.5, "workers_us": 237.5, "store_us": 25.0}


def test_a_count_with_an_unknown_clock_is_left_out_with_its_requests() -> None:
    resources = _resources(
        ("proxy", 0, 1, 100),
        ("worker-1", 0, 1, 300),
        ("proxy", 1, 2, 9_000),
        ("worker-1", 1, 2, None),
        ("proxy", 2, 3, 60),
        ("worker-1", 2, 3, 140),
    )
    found = _costs(_samples([0.5, 1.1, 1.2, 1.3, 1.4, 2.5, 2.6]), resources)
    assert found == pytest.approx({"cpu_us": 200.0, "proxy_us": 160 / 3, "workers_us": 440 / 3, "store_us": 0.0})


def test_a_slice_whose_clocks_are_never_known_has_no_costs_rather_than_none() -> None:
    resources = _resources(("proxy", 0, 1, 100), ("worker-1", 0, 1, None))
    assert _costs(_samples([0.5]), resources) == {}


def test_an_unknown_clock_of_what_stands_outside_of_the_stack_does_not_matter() -> None:
    resources = _resources(("proxy", 0, 1, 100), ("generator", 0, 1, None), ("lab", 0, 1, 7_000))
    assert _costs(_samples([0.5]), resources)["cpu_us"] == 100.0


@pytest.mark.parametrize(
    ("done_s", "counted"),
    [
        ([0.9, 1.0], 2),  # the end of the first count
        ([1.05, 1.1], 0),  # between the counts, and its end
        ([1.1, 1.100000001, 2.1, 2.100000001], 2),
        ([0.0, -0.5, 9.0], 0),
    ],
)
def test_a_request_belongs_to_the_count_in_which_it_was_done(done_s: list[float], counted: int) -> None:
    resources = _resources(("proxy", 0, 1, 100), ("proxy", 1.1, 2.1, 100))
    assert cpu_counts(_samples(done_s), resources)["done"].sum() == counted


def test_requests_of_another_slice_are_not_counted_in_this_one() -> None:
    resources = pl.concat([_resources(("proxy", 0, 1, 100)), _resources(("proxy", 0, 1, 500), index=1)])
    samples = pl.concat([_samples([0.1, 0.2]), _samples([0.3, 0.4, 0.5, 0.6, 0.7], index=1)])
    rows = cpu_per_request(samples, resources, _windows("jwt", "redis")).sort("block")
    assert rows.select("label", "block", "cpu_us").rows() == [("jwt", 0, 50.0), ("redis", 1, 100.0)]


def test_costs_are_never_negative_however_often_processes_come_and_go() -> None:
    resources = _resources(
        *(("worker-1", n, n + 1, None if n % 3 == 0 else 10 * n) for n in range(12)),
        *(("proxy", n, n + 1, 5) for n in range(12)),
    )
    counts = cpu_counts(_samples([n + 0.5 for n in range(12)]), resources)
    assert counts.height == 8
    assert counts.select("proxy_ns", "workers_ns", "store_ns").min_horizontal().to_list() == [0] * 8
    assert counts["workers_ns"].sum() == 1000 * sum(10 * n for n in range(12) if n % 3)


def test_a_count_in_which_nothing_was_done_costs_the_others() -> None:
    resources = _resources(("proxy", 0, 1, 100), ("proxy", 1, 2, 40))
    assert _costs(_samples([0.5, 0.6]), resources)["cpu_us"] == 70.0


def test_without_resources_there_are_no_costs() -> None:
    found = cpu_per_request(_samples([0.5]), pl.DataFrame(schema=RESOURCES_SCHEMA), _windows("jwt"))
    assert found.is_empty()
    assert found.columns == ["label", "block", *_COLUMNS]
