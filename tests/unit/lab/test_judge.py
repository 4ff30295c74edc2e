"""A stored run judged by what its folder holds: one that ended, one whose lab was killed, and an old one."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from authlab.lab.judge import judge_run, judged_result
from authlab.lab.reporting import load_any
from authlab.lab.stored import load
from authlab.lab.trials import NOT_MEASURED, planned_trials
from authlab.model.findings import ExperimentResult, Observation, Verdict
from authlab.model.run import OLD_RUN_SCHEMA, Run
from authlab.store.history import read_trial_history
from authlab.store.runs import RunFolder

_FIXTURE = Path(__file__).resolve().parents[2] / "fixtures" / "sticky-drain"
_OLD = Path(__file__).resolve().parents[3] / "results" / "reference" / "three-modes"
_NAME = "sticky-drain"


@pytest.fixture
def killed(tmp_path: Path) -> RunFolder:
    """A run as it stands when its lab is killed after the last load: plans, predictions, tables, and no numbers."""
    return _killed(tmp_path)


def _killed(place: Path) -> RunFolder:
    store = RunFolder(place)
    run = RunFolder(_FIXTURE).read_run()
    results = tuple(replace(one, observations=(), judgements=(), verdict=None) for one in run.experiments)
    trials = tuple(planned_trials(results, 24))
    assert [trial.id for trial in trials] == [trial.id for trial in run.trials]
    for trial in trials:
        shutil.copytree(_FIXTURE / "trials" / trial.id, place / "trials" / trial.id)
        (place / "trials" / trial.id / "history.json").unlink()
    store.write_run(replace(run, status="running", finished_at=None, experiments=results, trials=trials))
    return store


def _judged(store: RunFolder) -> Run:
    return judge_run(load(store, store.read_run()), store)


def _kept() -> ExperimentResult:
    (result,) = RunFolder(_FIXTURE).read_run().experiments
    return result


def _numbers(seen: Observation) -> dict[str, float]:
    """What was observed, by a name that holds arm and quantity."""
    low, high = seen.interval or (math.nan, math.nan)
    values = {"value": seen.value or 0.0, "low": low, "high": high, "blocks": seen.blocks, "samples": seen.samples}
    return {f"{seen.mode} {seen.quantity} {name}": value for name, value in values.items()}


def test_a_fault_run_whose_lab_was_killed_comes_to_the_verdict_that_it_would_have_had(killed: RunFolder) -> None:
    (before,) = killed.read_run().experiments
    assert (before.verdict, before.observations) == (None, ())
    run = load_any(killed.path).run
    assert run.status == "interrupted"
    (result,) = run.experiments
    assert result.verdict is not None
    assert result.verdict.value == "confirmed"
    assert [_numbers(found) for found in result.observations] == [
        pytest.approx(_numbers(kept), rel=1e-12) for kept in _kept().observations
    ]


def test_trials_that_a_killed_lab_had_not_noted_come_out_of_their_tables(killed: RunFolder) -> None:
    assert {trial.reasons for trial in killed.read_run().trials} == {(NOT_MEASURED,)}
    for trial in _judged(killed).trials:
        assert (trial.valid, trial.reasons) == (True, ()), trial.id
        assert trial.summary["requests"] > 0


def test_a_history_that_a_killed_lab_did_not_check_is_checked_when_it_is_read(killed: RunFolder) -> None:
    run = killed.read_run()
    found = load(killed, run).histories
    for trial in run.trials:
        kept = read_trial_history(_FIXTURE / "trials" / trial.id)
        assert kept is not None
        assert found[trial.id].faults == kept.faults
        assert {check.name: check.value for check in found[trial.id].checks} == {
            check.name: check.value for check in kept.checks
        }


def test_what_was_measured_before_the_lab_was_killed_is_judged_and_the_rest_is_not_measured(killed: RunFolder) -> None:
    run = killed.read_run()
    for trial in run.trials:
        if trial.stage == "r2":
            shutil.rmtree(killed.path / "trials" / trial.id)
    judged = _judged(killed)
    assert {trial.stage: trial.reasons for trial in judged.trials} == {"r1": (), "r2": (NOT_MEASURED,)}
    (result,) = judged.experiments
    assert {found.blocks for found in result.observations} == {1}
    whole = {(found.mode, found.quantity) for found in _kept().observations}
    assert {(found.mode, found.quantity) for found in result.observations} == whole


def test_judging_again_gives_the_same_and_writes_nothing(killed: RunFolder) -> None:
    once = _judged(killed)
    killed.write_run(once)
    before = (killed.path / "run.json").read_bytes()
    assert _judged(killed) == once
    assert judged_result(once, _NAME, killed) == once.experiments[0]
    assert (killed.path / "run.json").read_bytes() == before


def test_one_experiment_alone_can_be_judged(killed: RunFolder) -> None:
    run = killed.read_run()
    other = replace(run.experiments[0], id="worker-crash")
    both = replace(run, experiments=(*run.experiments, other))
    assert judged_result(both, _NAME, killed).verdict is not None
    judged = judge_run(load(killed, both, [_NAME]), killed, [_NAME])
    assert [result.verdict is None for result in judged.experiments] == [False, True]


_STANDS = Verdict("refuted", "said then")


def _with_verdict(store: RunFolder, **changes: object) -> Run:
    run = _judged(store)
    results = tuple(replace(result, verdict=_STANDS) for result in run.experiments)
    return replace(run, experiments=results, **changes)  # type: ignore[arg-type]


def test_a_verdict_stands_where_its_tables_were_removed(killed: RunFolder) -> None:
    killed.write_run(_with_verdict(killed))
    assert _judged(killed).experiments[0].verdict != _STANDS
    (killed.path / "trials" / "25-sticky-no-drain-r1" / "samples.parquet").unlink()
    assert _judged(killed).experiments[0].verdict == _STANDS


def test_a_verdict_stands_where_this_authlab_does_not_know_the_experiment(killed: RunFolder) -> None:
    run = _with_verdict(killed)
    strange = tuple(replace(result, id="of-tomorrow") for result in run.experiments)
    trials = tuple(replace(trial, experiment="of-tomorrow") for trial in run.trials)
    killed.write_run(replace(run, experiments=strange, trials=trials))
    assert _judged(killed).experiments[0].verdict == _STANDS


def test_a_run_of_schema_1_is_read_and_not_judged_again(killed: RunFolder) -> None:
    run = _with_verdict(killed, schema=OLD_RUN_SCHEMA)
    assert judge_run(load(killed, run), killed) == run
    old = RunFolder(_OLD).read_run()
    assert old.schema == OLD_RUN_SCHEMA
    assert load_any(_OLD).run == old
