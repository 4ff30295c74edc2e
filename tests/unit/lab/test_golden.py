"""Kept runs judged again from their tables: the numbers that they were published with, to the last digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from authlab.experiments.base import Options
from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.faulted import FaultData, FaultExperiment
from authlab.lab.judging import judge_again, judged_faults
from authlab.lab.reporting import histories_of
from authlab.model.findings import ExperimentResult, Observation
from authlab.store.runs import RunFolder

TESTS = Path(__file__).resolve().parents[2]
KEPT = {
    "three-modes": TESTS.parent / "results" / "reference" / "three-modes",
    "sticky-drain": TESTS / "fixtures" / "sticky-drain",
}
"""Each with its tables, and what run.json says of it: the first was measured and judged by the code of its day."""

Numbers = tuple[float, ...]


def judged_again(folder: Path) -> tuple[ExperimentResult, ...]:
    """The results of the run in `folder` as today's code makes them of its plan and tables, whatever run.json says."""
    store = RunFolder(folder)
    run = store.read_run()
    frames = {trial.id: store.read_frames(trial.id) for trial in run.trials}
    bare = tuple(replace(result, observations=(), judgements=(), verdict=None) for result in run.experiments)
    if not (histories := histories_of(run, folder)):
        return judge_again(replace(run, experiments=bare), frames).experiments
    results = []
    for planned in bare:
        experiment = EXPERIMENTS[planned.id]
        assert isinstance(experiment, FaultExperiment)
        data = []
        for stage in experiment.fault_stages(Options(seed=run.seed)):
            trials = {t.mode: t for t in run.trials if (t.experiment, t.stage) == (planned.id, stage.key)}
            data.append(
                FaultData(
                    stage,
                    {label: frames[t.id] for label, t in trials.items()},
                    {label: t.reasons for label, t in trials.items()},
                    {label: histories[t.id].faults for label, t in trials.items()},
                    {label: histories[t.id].checks for label, t in trials.items()},
                )
            )
        results.append(judged_faults(experiment, planned, data))
    return tuple(results)


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


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_run_judged_again_comes_to_the_numbers_and_verdicts_that_it_was_kept_with(name: str) -> None:
    run = RunFolder(KEPT[name]).read_run()
    again = judged_again(KEPT[name])
    assert [result.id for result in again] == [result.id for result in run.experiments] == [name]
    for kept, anew in zip(run.experiments, again, strict=True):
        expected, found = _rows(kept.observations), _rows(anew.observations)
        assert len(expected) == len(kept.observations) > 0
        assert found.keys() == expected.keys()
        for row, numbers in expected.items():
            assert found[row] == pytest.approx(numbers, rel=1e-12, abs=1e-12), row
        assert _verdicts(anew) == _verdicts(kept)
        assert len(anew.judgements) == len(kept.predictions)
