"""Runs held against each other: what is compared, what is refused, by how much they differ."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import polars as pl
import pytest

from authlab.model.errors import UsageProblem
from authlab.report import compare_runs
from authlab.report.compare.effects import difference, ratio, word_for
from authlab.store.frames import TrialFrames
from tests.unit.report import made_run
from tests.unit.report.tiny_run import tiny_run


def test_a_difference_of_two_estimates_has_the_interval_of_newcombe_1998() -> None:
    # His table II: 56/70 and 48/80 with Wilson intervals; method 10 gives 0.2 [0.0524, 0.3339].
    first = {"value": 0.8, "low": 0.6918, "high": 0.8770}
    second = {"value": 0.6, "low": 0.4904, "high": 0.7003}
    gap = difference(first, second)
    assert (gap["value"], gap["low"], gap["high"]) == pytest.approx((0.2, 0.0524, 0.3339), abs=2e-4)


def test_equal_symmetric_intervals_widen_by_the_square_root_of_two() -> None:
    one = {"value": 10.0, "low": 9.0, "high": 11.0}
    assert difference(one, one)["high"] == pytest.approx(math.sqrt(2))


def test_a_ratio_of_estimates_is_multiplicative() -> None:
    quotient = ratio({"value": 4.0, "low": 3.6, "high": 4.4}, {"value": 2.0, "low": 1.9, "high": 2.1})
    assert quotient is not None
    assert quotient["value"] == pytest.approx(2.0)
    assert ratio({"value": 0.0, "low": 0.0, "high": 0.0}, {"value": 2.0, "low": 1.9, "high": 2.1}) is None


def test_an_effect_below_the_a_a_pair_is_too_small_to_tell() -> None:
    effect = {"value": 1.02, "low": 1.01, "high": 1.03}
    assert word_for(effect, 1.0, 0.05) == "too small to tell"
    assert word_for(effect, 1.0, 0.01) == "differs"
    assert word_for({"value": 1.02, "low": 0.99, "high": 1.05}, 1.0, None) == "no difference seen"


def test_a_mode_that_got_slower_is_the_one_that_differs() -> None:
    run, frames = tiny_run()
    slower = dict(frames)
    held = frames["02-memory"]
    samples = held.samples.with_columns(pl.col("response_ms") * 3)
    slower["02-memory"] = TrialFrames(samples, held.windows, held.resources)
    found = compare_runs([(run, frames), (replace(run, id="slower"), slower)])
    section = next(q for q in found["quantities"] if q["quantity"] == "p50_to_none")
    assert section["rows"][0]["effects"][0]["value"] == pytest.approx(3.0)
    assert section["rows"][0]["effects"][0]["word"] == "differs"


def test_absolute_times_of_different_machines_are_refused_and_ratios_to_none_are_not() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", machine={**run.machine, "cores": 8})
    found = compare_runs([(run, frames), (other, frames)])
    assert {item["quantity"] for item in found["refused"]} == {"cpu"}
    assert "different machines (cores 2 against 8)" in found["refused"][0]["why"]
    assert {"p50_to_none", "cpu_to_none"} <= {q["quantity"] for q in found["quantities"]}


def test_latency_under_another_rate_is_refused_and_the_rate_named() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", parameters={**run.parameters, "rate_rps": 600})
    found = compare_runs([(run, frames), (other, frames)])
    assert {q["quantity"] for q in found["quantities"]} == {"refused"}
    assert all("different loads (rate, requests/s 300 against 600)" in item["why"][0] for item in found["refused"])


def test_what_differs_in_circumstances_is_listed_and_the_rest_is_not() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", seed=2)
    found = compare_runs([(run, frames), (other, frames)])
    assert found["circumstances"] == [{"of": "Run", "what": "Seed", "values": ["1", "2"]}]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"id": "tiny"}, "named twice"), ({"id": "x", "schema": "authlab/run/9"}, "authlab/run/9")],
)
def test_what_cannot_be_compared_is_refused_by_name(changes: dict[str, str], said: str) -> None:
    run, frames = tiny_run()
    with pytest.raises(UsageProblem, match=said):
        compare_runs([(run, frames), (replace(run, **changes), frames)])  # type: ignore[arg-type]


def test_one_run_alone_is_refused() -> None:
    with pytest.raises(UsageProblem, match="at least two"):
        compare_runs([tiny_run()])


def test_runs_without_a_mode_in_common_are_refused_naming_what_each_has() -> None:
    with pytest.raises(UsageProblem, match=r"memory at N = 2.*jwt \(workers unknown\)"):
        compare_runs([tiny_run(), made_run.recording_run(seconds=5)])


def test_two_recordings_are_compared_by_their_seconds() -> None:
    run, frames = made_run.recording_run(seconds=8)
    found = compare_runs([(run, frames), (replace(run, id="later"), frames)])
    assert {q["quantity"] for q in found["quantities"]} >= {"refused", "p50"}
    assert any("over its own seconds" in text for text in found["cautions"])
