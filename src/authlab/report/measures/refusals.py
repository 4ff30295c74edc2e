"""Which share of requests was refused, by label, against what was predicted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from authlab.model.findings import ExperimentResult, Prediction
from authlab.model.windows import mode_of
from authlab.report.estimates import Labelled, share_over_blocks
from authlab.report.tables import Tables

QUANTITY: Final = "auth_failure_share"


@dataclass(frozen=True, kw_only=True)
class Refusals(Labelled):
    """The share refused, as an estimate, with counts of requests; `other_share` failed for other reasons.

    `predicted` is None where nothing was; else `margin` goes with it, and `verdict` where it was judged.
    """

    requests: int
    refused: int
    failed: int
    other_share: float | None
    other_low: float | None
    other_high: float | None
    predicted: float | None
    formula: str
    margin: float | None
    verdict: str | None


def refusals_of(
    tables: Tables, result: ExperimentResult, stage: str, workers_of: Callable[[str], int]
) -> tuple[Refusals, ...]:
    """One per label that made a request; `workers_of` gives the workers behind a label."""
    rows = []
    for label in tables.labels:
        requests = tables.column(label, "requests")
        total = int(sum(requests.values()))
        if total == 0:
            continue
        refused = tables.column(label, "auth_failures")
        failed = tables.column(label, "failures")
        other = share_over_blocks({block: failed[block] - refused.get(block, 0) for block in failed}, requests)
        asked = _asked(result, mode_of(label), stage, workers_of(label))
        rows.append(
            Refusals(
                **vars(share_over_blocks(refused, requests)),
                label=label,
                requests=total,
                refused=int(sum(refused.values())),
                failed=int(sum(failed.values())),
                other_share=other.value,
                other_low=other.low,
                other_high=other.high,
                predicted=asked.value if asked else None,
                formula=asked.formula if asked else "",
                margin=asked.margin if asked else None,
                verdict=next((j.verdict.value for j in result.judgements if j.prediction == asked), None),
            )
        )
    return tuple(rows)


def _asked(result: ExperimentResult, mode: str, stage: str, workers: int) -> Prediction | None:
    """What was predicted for a mode in this stage; None where nothing was."""
    for prediction in result.predictions:
        here = prediction.workers in (None, workers) and prediction.stage in ("", stage)
        if here and prediction.quantity == QUANTITY and prediction.mode == mode:
            return prediction
    return None
