"""Which share of requests failed, by mode, against what was predicted."""

from __future__ import annotations

from typing import Any

from authlab.model.findings import ExperimentResult, Judgement
from authlab.model.windows import mode_of
from authlab.report.estimates import share_over_blocks
from authlab.report.setups import Setup

QUANTITY = "auth_failure_share"


def failure_rows(setup: Setup, experiment: ExperimentResult) -> list[dict[str, Any]]:
    """One row per label: requests, refusals (`share` with interval), other failures, the prediction and its verdict."""
    rows = []
    for label in setup.labels:
        requests = setup.column(label, "requests")
        total = int(sum(requests.values()))
        if total == 0:
            continue
        refused = setup.column(label, "auth_failures")
        failed = setup.column(label, "failures")
        others = {block: failed[block] - refused.get(block, 0) for block in failed}
        other = share_over_blocks(others, requests)
        rows.append(
            {
                "label": label,
                "mode": mode_of(label),
                "requests": total,
                "refused": int(sum(refused.values())),
                "failed": int(sum(failed.values())),
                **share_over_blocks(refused, requests),
                "other_share": other["value"],
                "other_low": other["low"],
                "other_high": other["high"],
                **_predicted(experiment, mode_of(label), setup.workers),
            }
        )
    return rows


def _predicted(experiment: ExperimentResult, mode: str, workers: int) -> dict[str, Any]:
    for prediction in experiment.predictions:
        if prediction.quantity == QUANTITY and prediction.mode == mode and prediction.workers in (None, workers):
            judged = next((j for j in experiment.judgements if j.prediction == prediction), None)
            return {
                "predicted": prediction.value,
                "formula": prediction.formula,
                "margin": prediction.margin,
                "verdict": _value(judged),
            }
    return {"predicted": None, "formula": "", "margin": None, "verdict": None}


def _value(judged: Judgement | None) -> str | None:
    return None if judged is None else judged.verdict.value
