"""A stored run as report.json: everything that the page shows, and nothing that isn't in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from authlab.model.findings import ExperimentResult, Judgement
from authlab.model.history import TrialHistory
from authlab.model.run import Run
from authlab.report.limits import limits_of
from authlab.report.matrix import matrix_of
from authlab.report.method import method_of
from authlab.report.setups import Setup, setups_of
from authlab.report.tables.balance import balance_rows
from authlab.report.tables.cpu import cpu_rows
from authlab.report.tables.differences import difference_section
from authlab.report.tables.failures import failure_rows
from authlab.report.tables.generator import generator_rows
from authlab.report.tables.heatmap import heatmap_section
from authlab.report.tables.history import history_section
from authlab.report.tables.memory import memory_rows
from authlab.report.tables.outcomes import outcome_rows
from authlab.report.tables.percentiles import percentile_section
from authlab.store.frames import TrialFrames

REPORT_SCHEMA: Final = "authlab/report/1"
_NO_HISTORIES: Final[Mapping[str, TrialHistory]] = MappingProxyType({})


def build_report(
    run: Run, frames: Mapping[str, TrialFrames], histories: Mapping[str, TrialHistory] = _NO_HISTORIES
) -> dict[str, Any]:
    """report.json of a run.

    `frames` holds each trial's tables by the trial's id; a trial whose tables are missing or empty is listed
    but not charted. `histories` holds what was done to the trials of fault stages, and what it did. The same
    run gives the same report, on any machine: resampling is seeded by the run's seed.
    """
    experiments = [_experiment(run, result, frames, histories) for result in _results(run)]
    report: dict[str, Any] = {
        "schema": REPORT_SCHEMA,
        "run": {
            "id": run.id,
            "status": run.status,
            "failure": run.failure,
            "command": list(run.command),
            "seed": run.seed,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "duration_s": _duration(run),
            "stack": run.stack,
        },
        "parameters": run.parameters,
        "machine": run.machine,
        "versions": run.versions,
        "totals": _totals(experiments),
        "experiments": experiments,
        "matrix": matrix_of(experiments),
    }
    report["limits"] = limits_of(report)
    report["method"] = method_of(report)
    plain: dict[str, Any] = _lists(report)
    return plain


def _lists(value: Any) -> Any:
    """The value as JSON gives it back: tuples are lists."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


def _results(run: Run) -> list[ExperimentResult]:
    """The run's experiments, with a bare one for trials that no experiment speaks for (a recording)."""
    known = {result.id for result in run.experiments}
    orphans = dict.fromkeys(trial.experiment for trial in run.trials if trial.experiment not in known)
    return [*run.experiments, *(ExperimentResult(id=name, claim="", predictions=()) for name in orphans)]


def _experiment(
    run: Run, result: ExperimentResult, frames: Mapping[str, TrialFrames], histories: Mapping[str, TrialHistory]
) -> dict[str, Any]:
    setups = setups_of(run, result.id, frames)
    return {
        "id": result.id,
        "claim": result.claim,
        "verdict": None if result.verdict is None else asdict(result.verdict),
        "predictions": [asdict(prediction) for prediction in result.predictions],
        "observations": [asdict(observation) for observation in result.observations],
        "judgements": [_judgement(judgement) for judgement in result.judgements],
        "trials": [
            {
                "id": trial.id,
                "mode": trial.mode,
                "stage": trial.stage,
                "workers": trial.workers,
                "blocks": trial.blocks,
                "valid": trial.valid,
                "reasons": list(trial.reasons),
            }
            for trial in run.trials
            if trial.experiment == result.id
        ],
        "setups": [_setup(setup, result, run.seed, frames, histories) for setup in setups],
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "prediction": asdict(judgement.prediction),
        "observation": None if judgement.observation is None else asdict(judgement.observation),
        "verdict": asdict(judgement.verdict),
    }


def _setup(
    setup: Setup,
    result: ExperimentResult,
    seed: int,
    frames: Mapping[str, TrialFrames],
    histories: Mapping[str, TrialHistory],
) -> dict[str, Any]:
    harmed = setup.faulted or any(trial.id in histories for trial in setup.trials)
    return {
        "stage": setup.stage,
        "workers": setup.workers,
        "labels": list(setup.labels),
        "requests": setup.samples.height,
        "measured": setup.measured.height,
        "logins": int((setup.samples["op"] == "login").sum()),
        "blocks": {label: len(setup.column(label, "requests")) for label in setup.labels},
        "pseudo_blocks": sorted(setup.pseudo_blocks),
        "failures": failure_rows(setup, result),
        "percentiles": percentile_section(setup, seed),
        "heatmap": heatmap_section(setup),
        "cpu": cpu_rows(setup),
        # Arms are harmed at the same moments: their ratios would be those of the faults.
        "differences": [] if harmed else difference_section(setup, seed),
        "balance": balance_rows(setup),
        "memory": memory_rows(setup),
        "outcomes": outcome_rows(setup),
        "generator": generator_rows(setup),
        **({"history": history_section(setup, frames, histories)} if harmed else {}),
    }


def _totals(experiments: list[dict[str, Any]]) -> dict[str, int]:
    setups = [setup for experiment in experiments for setup in experiment["setups"]]
    return {
        "experiments": len(experiments),
        "trials": sum(len(experiment["trials"]) for experiment in experiments),
        "requests": sum(setup["requests"] for setup in setups),
        "measured": sum(setup["measured"] for setup in setups),
        "logins": sum(setup["logins"] for setup in setups),
    }


def _duration(run: Run) -> float | None:
    """Seconds from start to finish, None while the run has no end or its times can't be read."""
    if run.finished_at is None:
        return None
    try:
        return (datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    except ValueError:
        return None
