"""Kept runs judged again from their tables: the numbers that they were published with, to the last digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.evidence import ArmData, Evidence, PlanData
from authlab.experiments.judging import judge, planned
from authlab.experiments.options import Options
from authlab.model.findings import ExperimentResult, Observation
from authlab.model.history import TrialHistory
from authlab.model.machine import MachineFacts
from authlab.model.plan import Interleaved, Plan
from authlab.model.run import RUN_SCHEMA, Trial
from authlab.store.history import read_trial_history
from authlab.store.runs import RunFolder

TESTS = Path(__file__).resolve().parents[2]
KEPT = {
    "three-modes": TESTS.parent / "results" / "reference" / "three-modes",
    "sticky-drain": TESTS / "fixtures" / "sticky-drain",
}
"""Each with its tables, and what run.json says of it: the first was measured and judged by the code of its day."""

FACTS = MachineFacts(stack_cores=1, generator_cores=1, hash_cpu_s=0.18)
"""Of the machine on which the first was measured: it did not store them."""

RETIRED = {"cpu_us_smallest_effect", "p50_ms_smallest_effect"}
"""Quantities that were observed when an A/A pair decided what a run could detect. Now each interval says it by itself,
and verdicts follow from intervals alone. That changed no verdict of the kept runs: their A/A pairs had passed."""

Numbers = tuple[float, ...]


def judged_again(folder: Path) -> tuple[ExperimentResult, ...]:
    """The results of the run in `folder` as today's code makes them of its tables, whatever run.json says.

    A run of schema 1 holds its plans only as far as it tells: today's code makes them anew.
    """
    store = RunFolder(folder)
    run = store.read_run()
    facts = run.facts or FACTS
    results = []
    for kept in run.experiments:
        experiment = EXPERIMENTS[kept.id]
        plans = [_in_one_round(plan) for plan in experiment.plan(Options(seed=run.seed), facts)]
        stored = planned(experiment, plans)
        if run.schema == RUN_SCHEMA:
            stored = replace(kept, observations=(), judgements=(), verdict=None)
        data = []
        for plan in stored.plans:
            trials = [trial for trial in run.trials if (trial.experiment, trial.stage) == (kept.id, plan.stage)]
            data.append(PlanData(plan, {trial.mode: _arm_data(plan, trial, store) for trial in trials}))
        results.append(judge(experiment, stored, Evidence(tuple(data), facts)))
    return tuple(results)


def _in_one_round(plan: Plan) -> Plan:
    """The plan as it was before there were rounds."""
    held = plan.exercise
    return replace(plan, exercise=structs.replace(held, rounds=1)) if isinstance(held, Interleaved) else plan


def _arm_data(plan: Plan, trial: Trial, store: RunFolder) -> ArmData:
    history = read_trial_history(store.path / "trials" / trial.id) or TrialHistory()
    done = (history.faults, history.checks, history.probes)
    return ArmData(plan.arm(trial.mode), store.read_frames(trial.id), trial.reasons, *done)


def _rows(observations: tuple[Observation, ...]) -> Mapping[tuple[object, ...], Numbers]:
    return {(seen.mode, seen.quantity, seen.against, seen.workers, seen.unit): _numbers(seen) for seen in observations}


def _numbers(seen: Observation) -> Numbers:
    """Blocks, samples, and as far as there was something to measure the value and its interval."""
    value = () if seen.value is None else (seen.value,)
    return (seen.blocks, seen.samples, *value, *(seen.interval or ()))


def _verdicts(result: ExperimentResult) -> list[tuple[str, ...]]:
    assert result.verdict is not None
    judged = [(j.prediction.mode, j.prediction.quantity, j.verdict.value) for j in result.judgements]
    return [("", "", result.verdict.value), *sorted(judged)]


def _predictions(result: ExperimentResult) -> list[tuple[object, ...]]:
    found = [(p.mode, p.quantity, p.against or "", p.value, p.margin, p.workers) for p in result.predictions]
    return sorted(found, key=repr)


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_run_judged_again_comes_to_the_numbers_and_verdicts_that_it_was_kept_with(name: str) -> None:
    run = RunFolder(KEPT[name]).read_run()
    again = judged_again(KEPT[name])
    assert [result.id for result in again] == [result.id for result in run.experiments] == [name]
    for kept, anew in zip(run.experiments, again, strict=True):
        kept_on = tuple(seen for seen in kept.observations if seen.quantity not in RETIRED)
        expected, found = _rows(kept_on), _rows(anew.observations)
        assert len(expected) == len(kept_on) > 0
        assert found.keys() == expected.keys()
        for row, numbers in expected.items():
            assert found[row] == pytest.approx(numbers, rel=1e-12, abs=1e-12), row
        assert _verdicts(anew) == _verdicts(kept)
        assert _predictions(anew) == _predictions(kept)
        assert len(anew.judgements) == len(kept.predictions)
