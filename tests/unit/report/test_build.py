"""report.json: its numbers, compared with numbers worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from authlab.model.run import Run
from authlab.report import build_report, report_json
from authlab.report.limits import limits_of
from authlab.store.frames import TrialFrames
from tests.unit.report import made_run
from tests.unit.report.tiny_run import tiny_run


def first_setup(run: Run, frames: dict[str, TrialFrames]) -> dict[str, Any]:
    """The first setup of a run in its report.json."""
    setup: dict[str, Any] = report_json(build_report(run, frames))["experiments"][0]["setups"][0]
    return setup


@pytest.fixture(scope="module")
def tiny() -> dict[str, Any]:
    return first_setup(*tiny_run())


def by_label(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in rows}


def test_half_of_the_requests_refused_is_a_share_of_one_half_beside_its_prediction(tiny: dict[str, Any]) -> None:
    memory = by_label(tiny["failures"])["memory"]
    assert (memory["requests"], memory["refused"], memory["value"]) == (16, 8, 0.5)
    assert memory["predicted"] == 0.5
    assert memory["formula"] == "(N-1)/N"


def test_a_mode_that_never_failed_has_an_upper_bound_that_is_not_zero(tiny: dict[str, Any]) -> None:
    none = by_label(tiny["failures"])["none"]
    assert none["value"] == 0
    # Clopper and Pearson: 1 - 0.025^(1/16)
    assert none["high"] == pytest.approx(1 - 0.025 ** (1 / 16))


def test_cpu_per_request_is_the_sum_of_its_parts(tiny: dict[str, Any]) -> None:
    cpu = by_label(tiny["cpu"])
    assert cpu["none"]["value"] == pytest.approx(50 + 2 * 75)
    assert (cpu["memory"]["proxy"], cpu["memory"]["workers"], cpu["memory"]["store"]) == pytest.approx((50, 250, 0))


def test_ratios_to_none_are_those_of_the_made_up_numbers(tiny: dict[str, Any]) -> None:
    ratios = {section["quantity"]: by_label(section["rows"])["memory"]["value"] for section in tiny["differences"]}
    assert ratios["p50"] == pytest.approx(2.0)
    assert ratios["cpu"] == pytest.approx(1.5)


def test_a_tail_percentile_without_ten_requests_beyond_it_is_not_shown(tiny: dict[str, Any]) -> None:
    assert "p99" not in {section["quantity"] for section in tiny["differences"]}
    assert all(row["percentile"] < 100 * (1 - 10 / 16) for row in tiny["percentiles"]["curves"])


def test_requests_are_counted_per_worker_and_memory_per_part(tiny: dict[str, Any]) -> None:
    shares = {(row["label"], row["worker"]): row["share"] for row in tiny["balance"]}
    assert shares[("none", "worker-1")] == 0.5
    parts = {(row["label"], row["part"]): row["bytes"] for row in tiny["memory"]}
    assert parts[("memory", "workers")] == 50 * 1024**2


def test_every_request_is_in_exactly_one_outcome(tiny: dict[str, Any]) -> None:
    counted = [(row["label"], row["outcome"], row["reason"], row["requests"]) for row in tiny["outcomes"]]
    assert counted == [
        ("none", "ok", "", 16),
        ("memory", "ok", "", 8),
        ("memory", "auth", "unknown_session", 8),
    ]


def test_the_heat_map_holds_each_request_once(tiny: dict[str, Any]) -> None:
    assert sum(cell["requests"] for cell in tiny["heatmap"]["cells"]) == tiny["measured"] == 32


def test_the_generators_share_of_its_core_is_its_cpu_over_the_slices(tiny: dict[str, Any]) -> None:
    none = by_label(tiny["generator"])["none"]
    assert none["cpu_share"] == pytest.approx(0.1)
    assert none["problems"] == []


def test_a_generator_that_could_not_keep_up_is_said_so() -> None:
    run, frames = tiny_run()
    held = frames["01-none"]
    late = TrialFrames(
        held.samples.with_columns(lag_ms=pl.lit(7.5)),
        held.windows.with_columns(unserved=pl.lit(2, dtype=pl.Int64)),
        held.resources,
    )
    row = by_label(first_setup(run, {**frames, "01-none": late})["generator"])["none"]
    assert len(row["problems"]) == 2


def test_a_run_of_one_round_says_that_its_intervals_do_not_know_about_starts() -> None:
    frames = made_run.made_frames(blocks=20, per_slice=60)
    run = made_run.made_run(frames)
    told = report_json(build_report(run, frames))
    assert any("do not know about starts" in limit for limit in told["limits"])
    section = next(s for s in first_setup(run, frames)["differences"] if s["quantity"] == "cpu")
    assert section["starts"] is None


def test_modes_are_held_against_none_in_the_same_blocks_whatever_logged_in_before() -> None:
    frames = made_run.made_frames(blocks=20, per_slice=60)
    setup = first_setup(made_run.made_run(frames), frames)
    assert setup["logins"] == 5 * 50
    for section in setup["differences"]:
        assert {row["label"] for row in section["rows"]} == {"none-again", "memory", "sticky", "redis", "jwt"}
    assert {row["blocks"] for row in setup["differences"][0]["rows"]} <= {20, 10}


def test_a_recording_gets_its_intervals_from_seconds() -> None:
    run, frames = made_run.recording_run(seconds=12)
    setup = first_setup(run, frames)
    assert setup["pseudo_blocks"] == ["jwt"]
    assert 10 <= setup["blocks"]["jwt"] <= 13
    assert setup["percentiles"]["headline"][0]["low"] is not None


def test_repeated_trials_of_a_mode_add_their_blocks() -> None:
    run, frames = tiny_run()
    again = next(t for t in run.trials if t.mode == "none")
    doubled = made_run.made_run(frames, experiments=run.experiments, trials=(*run.trials, replace(again, id="03-none")))
    setup = first_setup(doubled, {**frames, "03-none": frames["01-none"]})
    assert setup["blocks"]["none"] == 8
    assert by_label(setup["cpu"])["none"]["value"] == pytest.approx(200)


@pytest.mark.parametrize(
    "make", ["breaking_run", "recording_run", "interrupted_run", "hostile_run", "empty_run", "warming_recording_run"]
)
def test_any_run_becomes_json_without_nan_or_infinity(make: str) -> None:
    report = report_json(build_report(*getattr(made_run, make)()))
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_same_run_gives_the_same_report() -> None:
    run, frames = made_run.interrupted_run()
    assert report_json(build_report(run, frames)) == report_json(build_report(run, frames))


def test_an_interrupted_run_says_what_it_rests_on() -> None:
    limits = limits_of(build_report(*made_run.interrupted_run()))
    assert "interrupted" in limits[0]
    assert any("3\u00a0blocks only" in limit for limit in limits)
