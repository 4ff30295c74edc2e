"""Runs compared with each other: what is compared, what is refused, by how much they differ."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from authlab.model.errors import UsageProblem
from authlab.model.run import OLD_RUN_SCHEMA, Run
from authlab.report import compare_runs, comparison_json
from authlab.report.compare.alike import alike
from authlab.report.compare.circumstances import Differing
from authlab.report.compare.effects import difference, ratio
from authlab.report.compare.margins import Judged, Margins, judged, overall
from authlab.report.estimates import Estimate
from authlab.store.frames import TrialFrames
from tests.unit.report import made_run
from tests.unit.report.tiny_run import tiny_run


def test_a_difference_of_two_estimates_has_the_interval_of_newcombe_1998() -> None:
    # His table II: 56/70 and 48/80 with Wilson intervals; method 10 gives 0.2 [0.0524, 0.3339].
    gap = difference(Estimate(0.8, 0.6918, 0.8770), Estimate(0.6, 0.4904, 0.7003))
    assert gap is not None
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=2e-4)


def test_equal_symmetric_intervals_widen_by_the_square_root_of_two() -> None:
    one = Estimate(10.0, 9.0, 11.0)
    gap = difference(one, one)
    assert gap is not None
    assert gap.high == pytest.approx(math.sqrt(2))


def test_a_ratio_of_estimates_is_multiplicative() -> None:
    quotient = ratio(Estimate(4.0, 3.6, 4.4), Estimate(2.0, 1.9, 2.1))
    assert quotient is not None
    assert quotient.value == pytest.approx(2.0)
    assert ratio(Estimate(0.0, 0.0, 0.0), Estimate(2.0, 1.9, 2.1)) is None


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.95, 1.05, "same"),
        (1.02, 1.10, "same"),
        (1.02, 1.11, "inconclusive"),
        (0.80, 1.20, "inconclusive"),
        (1.11, 1.20, "worse"),
        (0.70, 0.90, "better"),
        (None, None, "inconclusive"),
    ],
)
def test_an_effect_is_held_against_the_margin_by_its_whole_interval(
    low: float | None, high: float | None, verdict: str
) -> None:
    effect = Estimate(1.0 if low is None or high is None else (low + high) / 2, low, high)
    found = judged(effect, Margins(ratio=0.1).ends("ratio"), [])
    assert found.verdict == verdict
    assert bool(found.reasons) == (verdict == "inconclusive"), "what is inconclusive says why"


def test_a_trial_in_doubt_makes_any_effect_inconclusive_with_its_reason() -> None:
    effect = Estimate(3.0, 2.9, 3.1)
    assert judged(effect, (0.9, 1.1), ["B: sent late"]) == Judged("inconclusive", ("B: sent late",))


def test_one_worse_outweighs_what_is_inconclusive_and_that_outweighs_what_is_better() -> None:
    assert overall(["same", "inconclusive", "worse", "better"]).value == "worse"
    assert overall(["better", "inconclusive", "same"]).value == "inconclusive"
    assert overall(["same", "better"]).value == "better"
    assert overall([]).value == "inconclusive"


def test_a_mode_that_got_slower_is_the_one_that_is_worse() -> None:
    run, frames = tiny_run()
    slower = dict(frames)
    held = frames["02-memory"]
    samples = held.samples.with_columns(pl.col("response_ms") * 3)
    slower["02-memory"] = TrialFrames(samples, held.windows, held.resources)
    found = compare_runs([(run, frames), (replace(run, id="slower"), slower)])
    section = next(q for q in found.quantities if q.quantity == "p50_to_none")
    assert section.rows[0].effects[0].value == pytest.approx(3.0)
    assert section.rows[0].effects[0].verdict == "worse"
    assert found.verdict.value == "worse"
    back = compare_runs([(replace(run, id="slower"), slower), (run, frames)])
    assert back.verdict.counts["better"] == 1


def test_absolute_times_are_no_part_of_the_verdict_where_their_ratio_to_none_is() -> None:
    run, frames = tiny_run()
    busy = {
        name: TrialFrames(held.samples, held.windows, held.resources.with_columns(pl.col("cpu_ns") * 2))
        for name, held in frames.items()
    }
    found = compare_runs([(run, frames), (replace(run, id="busy"), busy)])
    held = {quantity.quantity: quantity for quantity in found.quantities}
    assert {row.effects[0].verdict for row in held["cpu"].rows} == {"worse"}
    assert not held["cpu"].counts
    assert held["cpu_to_none"].counts
    assert found.verdict.counts["worse"] == 0


def test_a_trial_that_is_not_valid_makes_its_mode_inconclusive() -> None:
    run, frames = tiny_run()
    doubtful = tuple(
        replace(t, valid=False, reasons=("the generator was late",)) if t.mode == "memory" else t for t in run.trials
    )
    found = compare_runs([(run, frames), (replace(run, id="other", trials=doubtful), frames)])
    section = next(q for q in found.quantities if q.quantity == "p50_to_none")
    assert section.rows[0].effects[0].reasons == ("B: the generator was late",)
    assert section.rows[0].effects[0].verdict == "inconclusive"


def test_absolute_times_of_different_machines_are_refused_and_ratios_to_none_are_not() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", machine={**run.machine, "cores": 8})
    found = compare_runs([(run, frames), (other, frames)])
    assert {item.quantity for item in found.refused} == {"cpu"}
    assert "different machines (cores 2 against 8)" in found.refused[0].why
    assert {"p50_to_none", "cpu_to_none"} <= {q.quantity for q in found.quantities}


@pytest.mark.parametrize(
    ("fact", "one", "other"),
    [
        ("memory_bytes", 25_276_518_400, 25_276_514_304),
        ("memory_bytes", 25_276_518_400, 25_080_000_000),
        ("pinning", {"generator": [1], "stack": [0]}, {"generator": [3], "stack": [2]}),
        ("cpu", "Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel(R)  Xeon(R) CPU @ 2200MHz"),
        ("cpu_mhz", 2199.998, 2245.61),
        ("load_average_before", [0.1, 0.2, 0.3], [4.0, 3.0, 2.0]),
    ],
)
def test_what_changes_on_one_machine_from_boot_to_boot_is_no_difference(fact: str, one: object, other: object) -> None:
    run, frames = tiny_run()
    first = replace(run, machine={**run.machine, fact: one})
    found = compare_runs([(first, frames), (replace(first, id="other", machine={**run.machine, fact: other}), frames)])
    assert found.circumstances == ()
    assert found.refused == ()


@pytest.mark.parametrize(
    ("fact", "one", "other"),
    [
        ("memory_bytes", 16 * 1024**3, 32 * 1024**3),
        ("pinning", {"generator": [1], "stack": [0]}, {"generator": [3], "stack": [0, 1, 2]}),
        ("pinning", {"generator": [1], "stack": [0]}, {"generator": [], "stack": []}),
        ("cpu", "Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel(R) Xeon(R) CPU @ 2.80GHz"),
        ("cpu", "AMD EPYC", "AMD EPYC 7B13"),
        ("architecture", "x86_64", "aarch64"),
        ("virtual", True, False),
    ],
)
def test_what_makes_another_machine_is_named_and_its_times_are_refused(fact: str, one: object, other: object) -> None:
    run, frames = tiny_run()
    first = replace(run, machine={**run.machine, fact: one})
    found = compare_runs([(first, frames), (replace(first, id="other", machine={**run.machine, fact: other}), frames)])
    assert [item.of for item in found.circumstances] == ["Machine"]
    assert {item.quantity for item in found.refused} == {"cpu"}


def test_another_kernel_is_shown_and_its_times_are_compared() -> None:
    run, frames = tiny_run()
    first = replace(run, machine={**run.machine, "system": "Linux 6.1.0-25-amd64"})
    later = replace(first, id="other", machine={**run.machine, "system": "Linux 6.1.0-26-amd64"})
    found = compare_runs([(first, frames), (later, frames)])
    assert [item.what for item in found.circumstances] == ["Kernel"]
    assert found.refused == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://127.0.0.1:8090", "http://127.0.0.1:41234", True),
        ("http://localhost:8090/", "http://127.0.0.1:41234", True),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090/api/v1", False),
        ("https://a.example", "https://b.example", False),
    ],
)
def test_a_free_port_of_this_machine_is_no_difference_and_another_place_is(one: str, other: str, same: bool) -> None:
    assert alike("host", one, other) is same


def test_latency_under_another_rate_is_refused_and_the_rate_named() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", parameters={**run.parameters, "rate_rps": 600})
    found = compare_runs([(run, frames), (other, frames)])
    assert {q.quantity for q in found.quantities} == {"refused"}
    assert all("different loads (rate, requests/s 300 against 600)" in item.why[0] for item in found.refused)
    counting = [item for item in found.refused if item.counts]
    assert found.verdict.counts["inconclusive"] >= len(counting) > 0, "what is refused can't be told"


def test_what_differs_in_circumstances_is_listed_and_the_rest_is_not() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", seed=2)
    found = compare_runs([(run, frames), (other, frames)])
    assert found.circumstances == (Differing("Run", "Seed", ("1", "2")),)
    stored = comparison_json(found)
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"id": "tiny"}, "named twice"), ({"id": "x", "schema": "authlab/run/9"}, "authlab/run/9")],
)
def test_what_cannot_be_compared_is_refused_by_name(changes: dict[str, str], said: str) -> None:
    run, frames = tiny_run()
    with pytest.raises(UsageProblem, match=said):
        compare_runs([(run, frames), (replace(run, **changes), frames)])  # type: ignore[arg-type]


def test_a_run_of_the_schema_before_is_compared_like_any_other() -> None:
    run, frames = tiny_run()
    found = compare_runs([(replace(run, id="old", schema=OLD_RUN_SCHEMA), frames), (run, frames)])
    assert found.quantities
    assert found.refused == ()


def test_one_run_alone_is_refused() -> None:
    with pytest.raises(UsageProblem, match="at least two"):
        compare_runs([tiny_run()])


def test_runs_without_a_mode_in_common_are_refused_naming_what_each_has() -> None:
    with pytest.raises(UsageProblem, match=r"memory at N = 2.*jwt \(workers unknown\).*--workers-behind"):
        compare_runs([tiny_run(), made_run.recording_run(seconds=5)])


def test_two_recordings_are_compared_by_their_seconds() -> None:
    run, frames = made_run.recording_run(seconds=8)
    found = compare_runs([(run, frames), (replace(run, id="later"), frames)])
    assert {q.quantity for q in found.quantities} >= {"refused", "p50"}
    assert any("over its own seconds" in text for text in found.cautions)


def recorded(mode: str | None, *, workers: int = 0, **changes: Any) -> tuple[Run, dict[str, TrialFrames]]:
    """A recording of the mode jwt, as the lab reads it; without a mode its scenario stands for it."""
    run, frames = made_run.recording_run(seconds=25)
    held = next(iter(frames.values()))
    label = mode or "browse"
    trial = replace(run.trials[0], id=f"01-{label}", mode=label, workers=workers)
    samples = held.samples.with_columns(
        label=pl.when(pl.col("label") == "jwt").then(pl.lit(label)).otherwise(pl.col("label"))
    )
    made = replace(run, id=f"recording-{label}", trials=(trial,), parameters={**run.parameters, "mode": mode})
    return replace(made, **changes), {trial.id: TrialFrames(samples, held.windows, held.resources)}


@pytest.fixture(scope="module")
def whole_run() -> tuple[Run, dict[str, TrialFrames]]:
    frames = made_run.made_frames(blocks=20, per_slice=100)
    return made_run.made_run(frames), frames


@pytest.mark.parametrize("workers", [3, 0])
def test_a_recording_that_names_its_mode_is_held_against_that_mode_of_a_run(
    whole_run: tuple[Run, dict[str, TrialFrames]], workers: int
) -> None:
    machine = {name: value for name, value in whole_run[0].machine.items() if name != "pinning"}
    found = compare_runs([whole_run, recorded("jwt", workers=workers, machine=machine)])
    assert {row.label for quantity in found.quantities for row in quantity.rows} == {"jwt"}
    held = {quantity.quantity: quantity for quantity in found.quantities}
    assert {"refused", "p50"} <= held.keys()
    assert held["p50"].counts, "a recording has no `none` beside it"
    assert held["p50"].rows[0].effects[0].value == pytest.approx(1.0, abs=0.1)
    assert any("B did not record pinned to cores, mix" in text for text in found.cautions)
    assert any(text.startswith("Not in B: none at N = 3, memory at N = 3") for text in found.cautions)


def test_a_recording_of_other_workers_is_not_held_against_a_run(whole_run: tuple[Run, dict[str, TrialFrames]]) -> None:
    with pytest.raises(UsageProblem, match="jwt at N = 4"):
        compare_runs([whole_run, recorded("jwt", workers=4)])


def test_a_recording_that_says_nothing_of_its_machine_is_not_compared_in_milliseconds(
    whole_run: tuple[Run, dict[str, TrialFrames]],
) -> None:
    found = compare_runs([whole_run, recorded("jwt", workers=3)])
    assert {quantity.quantity for quantity in found.quantities} == {"refused"}
    assert all("B did not record the machine" in item.why for item in found.refused)


def test_a_recording_without_a_mode_is_refused_with_the_words_that_name_it(
    whole_run: tuple[Run, dict[str, TrialFrames]],
) -> None:
    with pytest.raises(UsageProblem, match=r"recording-browse doesn't say which mode.*--mode MODE.*recording\.json"):
        compare_runs([whole_run, recorded(None)])


def test_recordings_of_one_mode_are_compared_and_of_two_modes_are_not() -> None:
    found = compare_runs([recorded("jwt", workers=3), recorded("jwt", workers=3, id="later")])
    verdicts = {q.quantity: q.rows[0].effects[0].verdict for q in found.quantities}
    assert verdicts["refused"] == verdicts["p50"] == "same"
    with pytest.raises(UsageProblem, match="redis at N = 3"):
        compare_runs([recorded("jwt", workers=3), recorded("redis", workers=3)])
