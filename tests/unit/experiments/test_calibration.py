"""The calibration finds what was planted, and says so where the lab would not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from authlab.experiments.calibration import (
    ADDED_US,
    ALIKE,
    DIFFERENCE,
    EXPERIMENT,
    FALSE_DIFFERENCES,
    MARGIN,
    SLOPE,
    added_us,
    calibration_of,
    differing,
)
from authlab.experiments.catalogue import GROUPS, known
from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.judging import judge, planned
from authlab.experiments.options import Options
from authlab.model.findings import ExperimentResult
from authlab.model.plan import Interleaved, Plan
from authlab.model.run import Run
from tests.unit.experiments.made_data import made_data_of
from tests.unit.experiments.made_faults import FACTS, plans_of

_BASE_US = 600.0
_BUSY = ("other programs used 24% of the machine's CPU",)


def _plan(blocks: int = 12, *, quick: bool = False) -> Plan:
    (plan,) = plans_of(EXPERIMENT, Options(workers=1, blocks=blocks, quick=quick))
    return plan


@cache
def _judged(
    found_per_added: float = 1.0,
    noise: float = 0.02,
    starts: float = 0.002,
    odd: str = "",
    doubts: tuple[str, ...] = (),
    quick: bool = False,
) -> ExperimentResult:
    """The result of a lab that finds so much of what is added. The `odd` clone costs 60 µs more than it should."""
    plan = _plan(quick=quick)
    cpu = {label: _BASE_US + found_per_added * added_us(label) + 60.0 * (label == odd) for label in plan.labels}
    data = made_data_of(plan, cpu, noise=noise, starts=starts)
    arms = {label: ArmData(arm.arm, arm.frames, doubts) for label, arm in data.arms.items()}
    return judge(EXPERIMENT, planned(EXPERIMENT, [plan]), Evidence((replace(data, arms=arms),), FACTS))


def _verdicts(result: ExperimentResult) -> dict[str, str]:
    return {item.prediction.quantity: item.verdict.value for item in result.judgements}


def test_its_clones_differ_in_nothing_but_the_added_cpu_time() -> None:
    plan = _plan(30)
    assert [arm.settings.get("AUTHLAB_EXTRA_CPU_US") for arm in plan.arms] == ["0"] * 6 + ["20", "50", "100", "200"]
    assert (ALIKE, ADDED_US) == (6, (20, 50, 100, 200))
    assert (
        len(
            {replace(arm, label="", settings={}) for arm in plan.arms}
            if False
            else {arm.mode.name for arm in plan.arms}
        )
        == 1
    )
    assert isinstance(plan.exercise, Interleaved)
    assert plan.exercise.rounds == 3, "each clone is started afresh three times"
    assert [added_us(arm.label) for arm in plan.arms] == [0.0] * 6 + [20.0, 50.0, 100.0, 200.0]


def test_it_is_known_to_reports_and_in_no_group() -> None:
    assert known("calibration") is EXPERIMENT
    assert not any("calibration" in group for group in GROUPS.values())


def test_a_lab_that_finds_what_was_added_is_confirmed() -> None:
    result = _judged()
    assert result.verdict is not None
    assert result.verdict.value == "confirmed", result.verdict
    assert "found per µs added" in result.verdict.summary
    slope = next(item for item in result.observations if item.quantity == SLOPE)
    assert slope.value == pytest.approx(1.0, abs=0.05)
    assert slope.interval is not None
    assert slope.interval[1] - slope.interval[0] < 2 * MARGIN


@pytest.mark.parametrize("share", [0.5, 1.5, -1.0])
def test_a_lab_that_finds_another_share_is_refuted(share: float) -> None:
    result = _judged(share)
    assert result.verdict is not None
    assert result.verdict.value == "refuted"
    assert _verdicts(result)[SLOPE] == "refuted"


@pytest.mark.parametrize(("noise", "starts"), [(0.5, 0.0), (0.02, 0.1)])
def test_blocks_or_starts_that_differ_much_decide_nothing(noise: float, starts: float) -> None:
    assert _verdicts(_judged(noise=noise, starts=starts))[SLOPE] == "inconclusive"


def test_a_quick_one_has_one_round_and_its_slope_still_knows_about_starts() -> None:
    plan = _plan(quick=True)
    assert plan.rounds == (12,)
    calm, restless = (_judged(starts=starts, quick=True) for starts in (0.0, 0.05))
    assert _verdicts(calm)[SLOPE] == "confirmed"
    assert _verdicts(restless)[SLOPE] == "inconclusive"


def test_a_clone_that_costs_more_although_nothing_was_added_refutes_it() -> None:
    result = _judged(odd="clone-2")
    assert _verdicts(result)[DIFFERENCE] == "refuted"
    assert result.verdict is not None
    assert result.verdict.value == "refuted"


def test_every_alike_pair_that_seems_to_differ_is_counted() -> None:
    result = _judged(odd="clone-5")
    false = next(item for item in result.observations if item.quantity == FALSE_DIFFERENCES)
    assert false.samples == 15
    assert false.value is not None
    assert 5 <= false.value * 15 <= 7, "the odd one differs from the other five"
    assert f"{false.value * 15:.0f} of 15 pairs of alike clones" in false.note
    assert differing([(0.9, 1.1), (1.01, 1.1), (0.8, 0.99), (1.0, 1.0)], 1.0) == 2


def test_what_was_found_in_each_clone_is_observed_beside_what_was_added() -> None:
    found = {item.mode: item for item in _judged().observations if item.quantity == DIFFERENCE}
    assert set(found) == {arm.label for arm in _plan().arms} - {"none"}
    for label, item in found.items():
        assert item.value == pytest.approx(added_us(label), abs=25), label
    assert found["plus-50us"].note.startswith("50 µs were added")


def test_a_busy_machine_makes_it_inconclusive_with_the_reason() -> None:
    result = _judged(doubts=_BUSY)
    assert result.verdict is not None
    assert result.verdict.value == "inconclusive"
    assert any("other programs used 24%" in reason for reason in result.verdict.reasons)


def _run(result: ExperimentResult, status: str = "finished") -> Run:
    return Run("c", status, ("authlab", "calibrate"), 1, "2026-12-01T10:00:00Z", None, "local", {}, {}, {}, (result,))  # type: ignore[arg-type]


def test_what_later_runs_cite_are_its_slope_and_its_false_differences() -> None:
    result = _judged()
    cited = calibration_of(_run(result))
    assert cited is not None
    slope = next(item for item in result.observations if item.quantity == SLOPE)
    assert (cited.slope, cited.interval) == (slope.value, slope.interval)
    assert (cited.run, cited.at, cited.verdict, cited.pairs) == ("c", "2026-12-01T10:00:00Z", "confirmed", 15)


def test_only_a_finished_calibration_that_decided_something_is_cited() -> None:
    decided, undecided = _judged(), _judged(doubts=_BUSY)
    assert calibration_of(_run(decided, "interrupted")) is None
    assert calibration_of(_run(undecided)) is None
    assert calibration_of(_run(replace(decided, id="three-modes"))) is None
    refuted = calibration_of(_run(_judged(0.5)))
    assert refuted is not None, "a lab that was refuted is cited as one"
    assert refuted.verdict == "refuted"
