"""One quantity over all runs: the estimates of each mode, and by how much each run's differs from the first one's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from authlab.model.windows import AGAIN
from authlab.report.compare.effects import difference, ratio
from authlab.report.compare.margins import Margins, judged
from authlab.report.compare.places import Place, at, doubts, setups_in
from authlab.report.compare.quantities import Quantity
from authlab.report.tables.differences import BASE

Estimates = dict[Place, dict[str, Any]]


def rows_of(
    quantity: Quantity, keys: Sequence[str], reports: Sequence[Mapping[str, Any]], margins: Margins
) -> list[dict[str, Any]]:
    """Per mode that the first run has and at least one other has too: all runs' estimates, and the effects."""
    tables = [_estimates(quantity, report) for report in reports]
    smallest = _smallest(quantity, reports)
    rows = []
    for place, base in tables[0].items():
        held = [base, *(at(table, place) for table in tables[1:])]
        unsure = [_doubts(quantity, key, report, place) for key, report in zip(keys, reports, strict=True)]
        effects = []
        for key, estimate, own in zip(keys[1:], held[1:], unsure[1:], strict=True):
            effect = None if estimate is None else _effect(quantity, estimate, base)
            if effect is not None:
                verdict = judged(effect, margins.ends(quantity.kind), smallest, [*unsure[0], *own])
                effects.append({"key": key, **effect, **verdict})
        if effects:
            rows.append(
                {
                    "label": place[1],
                    "workers": place[0],
                    "runs": [_short(key, row) for key, row in zip(keys, held, strict=True)],
                    "effects": effects,
                }
            )
    return rows


def _estimates(quantity: Quantity, report: Mapping[str, Any]) -> Estimates:
    found: Estimates = {}
    if quantity.experiment:
        return _observed(quantity, report)
    for setup in setups_in(report):
        # Shares and times of harmed trials depend on when their faults came: their experiment's observations tell more.
        if "history" in setup:
            continue
        for label, row in quantity.rows(setup).items():
            # The A/A twin is a control of its own run, not a mode.
            if not label.endswith(AGAIN):
                found.setdefault((setup["workers"], label), row)
    return found


def _observed(quantity: Quantity, report: Mapping[str, Any]) -> Estimates:
    found: Estimates = {}
    for experiment in report["experiments"]:
        for item in experiment["observations"] if experiment["id"] == quantity.experiment else ():
            if item["quantity"] == quantity.observed and item["unit"] == quantity.unit and item["value"] is not None:
                low, high = item["interval"] or (None, None)
                estimate = {"value": item["value"], "low": low, "high": high}
                found.setdefault((item["workers"] or 0, item["mode"]), estimate)
    return found


def _effect(quantity: Quantity, other: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any] | None:
    return difference(other, base) if quantity.kind == "difference" else ratio(other, base)


def _doubts(quantity: Quantity, key: str, report: Mapping[str, Any], place: Place) -> list[str]:
    labels = [place[1]] if quantity.absolute or quantity.kind == "difference" else [place[1], BASE]
    return list(dict.fromkeys(text for label in labels for text in doubts(key, report, label, place)))


def _short(key: str, row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"key": key, "value": None, "low": None, "high": None}
    return {"key": key, "value": row["value"], "low": row["low"], "high": row["high"]}


def _smallest(quantity: Quantity, reports: Sequence[Mapping[str, Any]]) -> float | None:
    """The largest of the runs' smallest visible effects in this quantity; None where no run has an A/A pair."""
    if quantity.kind == "difference":
        return None
    seen = [
        section["smallest_effect"]
        for report in reports
        for setup in setups_in(report)
        for section in setup["differences"]
        if section["quantity"] == quantity.stem and section["smallest_effect"] is not None
    ]
    return max(seen, default=None)
