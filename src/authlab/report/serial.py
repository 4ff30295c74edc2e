"""report.json: the typed report as plain values, at the very end."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from authlab.report.limits import limits_of
from authlab.report.method import method_of
from authlab.report.report import Part, Report
from authlab.report.setups import Setup

REPORT_SCHEMA: Final = "authlab/report/2"


def report_json(report: Report) -> dict[str, Any]:
    """Everything that the page shows, as JSON holds it."""
    run = report.run
    body = {
        "schema": REPORT_SCHEMA,
        "run": {
            "id": run.id,
            "status": run.status,
            "failure": run.failure,
            "command": run.command,
            "seed": run.seed,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "duration_s": report.duration_s,
            "stack": run.stack,
        },
        "parameters": run.parameters,
        "machine": run.machine,
        "versions": run.versions,
        "totals": {
            "experiments": len(report.experiments),
            "trials": sum(len(experiment.trials) for experiment in report.experiments),
            "requests": report.requests,
            "measured": sum(setup.tables.requests for setup in report.setups),
            "logins": sum(_logins(setup) for setup in report.setups),
        },
        "experiments": [_experiment(part) for part in report.parts],
        "matrix": report.matrix,
        "limits": limits_of(report),
        "method": method_of(report),
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    return plain


def _experiment(part: Part) -> dict[str, Any]:
    result = part.experiment.result
    return {
        "id": result.id,
        "claim": result.claim,
        "verdict": result.verdict,
        "telling": part.telling.id if part.telling else "",
        "plans": result.plans,
        "predictions": result.predictions,
        "observations": result.observations,
        "judgements": result.judgements,
        "trials": [
            {
                "id": trial.id,
                "mode": trial.mode,
                "stage": trial.stage,
                "workers": trial.workers,
                "blocks": trial.blocks,
                "valid": trial.valid,
                "reasons": trial.reasons,
            }
            for trial in part.experiment.trials
        ],
        "setups": [
            {
                "stage": setup.stage,
                "workers": setup.workers,
                "labels": setup.labels,
                "side_by_side": setup.side_by_side,
                "requests": setup.tables.samples.height,
                "measured": setup.tables.requests,
                "logins": _logins(setup),
                "blocks": setup.blocks,
                "pseudo_blocks": sorted(setup.pseudo_blocks),
                "failures": setup.refusals,
                "percentiles": setup.response,
                "cpu": setup.costs,
                "differences": setup.ratios,
                **{figure.id: figure.data for figure in figures if figure.data},
                **({"history": {"arms": setup.arms}} if setup.arms else {}),
            }
            for setup, figures in part.of_setups
        ],
    }


def _logins(setup: Setup) -> int:
    return int((setup.tables.samples["op"] == "login").sum())
