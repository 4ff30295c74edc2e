"""Verdicts of a stored run. Fresh runs, killed runs and old runs use the same function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from authlab.experiments.catalogue import known
from authlab.experiments.judging import judge
from authlab.lab.benches import BENCHES
from authlab.lab.stored import Stored, load
from authlab.model.findings import ExperimentResult
from authlab.model.run import RUN_SCHEMA, Run
from authlab.store.runs import RunFolder


def judged_result(run: Run, experiment: str, store: RunFolder) -> ExperimentResult:
    """One experiment of a run, judged by the data in its folder. Raises `Damaged`."""
    judged = judge_run(load(store, run, [experiment]), store, [experiment])
    return next(result for result in judged.experiments if result.id == experiment)


def judge_run(stored: Stored, store: RunFolder, only: Iterable[str] | None = None) -> Run:
    """The run with the trials and verdicts that follow from its folder, limited to the experiments `only` if given.

    If an experiment can't be judged again, its stored verdict stays. There are three causes: runs of schema 1 do not
    hold their plans, this authlab may not know the experiment, and tables may have been removed.
    """
    run, wanted = stored.run, None if only is None else set(only)
    if run.schema != RUN_SCHEMA:
        return run
    for result in run.experiments:
        experiment = known(result.id)
        if experiment is None or (wanted is not None and result.id not in wanted):
            continue
        bench = BENCHES[experiment.bench]
        came = {trial.id: trial for trial in bench.with_trials(replace(stored, run=run), result, store)}
        run = replace(run, trials=tuple(came.get(trial.id, trial) for trial in run.trials))
        evidence = bench.evidence(replace(stored, run=run), result, store)
        if evidence is not None:
            judged = judge(experiment, result, evidence)
            run = replace(run, experiments=tuple(judged if one.id == result.id else one for one in run.experiments))
    return run
