"""Several runs as one comparison: circumstances, refusals, effects against the first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from authlab.model.errors import UsageProblem
from authlab.model.run import Run
from authlab.report.assemble import build_report
from authlab.report.compare.circumstances import differing
from authlab.report.compare.effects import difference, ratio, word_for
from authlab.report.compare.quantities import QUANTITIES, Quantity
from authlab.store.frames import TrialFrames

COMPARISON_SCHEMA: Final = "authlab/comparison/1"
_KEYS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Place = tuple[int, str]
"""Workers and label: what must be the same for two estimates to speak of the same thing."""


def compare_runs(runs: Sequence[tuple[Run, Mapping[str, TrialFrames]]]) -> dict[str, Any]:
    """compare.json: every run against the first one.

    Raises `UsageProblem` where nothing can be compared: fewer than two runs, one run twice, unlike schemas, no
    mode in common, or circumstances that forbid it for every quantity; the message names the difference. Where
    only some quantities can't be compared, they stand under `refused` with their reasons.
    """
    _check(runs)
    reports = [build_report(run, frames) for run, frames in runs]
    quantities, refused = [], []
    for quantity in QUANTITIES:
        rows = _rows(quantity, reports)
        if not rows:
            continue
        reasons = quantity.refusals(reports)
        if reasons:
            refused.append({"quantity": quantity.id, "title": quantity.title, "why": reasons})
        else:
            quantities.append(
                {
                    "quantity": quantity.id,
                    "title": quantity.title,
                    "kind": quantity.kind,
                    "unit": quantity.unit,
                    "rows": rows,
                }
            )
    if not quantities:
        raise UsageProblem(_nothing(reports, refused))
    return {
        "schema": COMPARISON_SCHEMA,
        "runs": [_about(key, report) for key, report in zip(_KEYS, reports, strict=False)],
        "circumstances": differing(reports),
        "refused": refused,
        "cautions": [*_cautions(reports), *_chance(quantities)],
        "verdicts": _verdicts(reports),
        "quantities": quantities,
    }


def _check(runs: Sequence[tuple[Run, Mapping[str, TrialFrames]]]) -> None:
    if len(runs) < 2:
        raise UsageProblem("compare needs at least two runs; authlab list shows what there is")
    if len(runs) > len(_KEYS):
        raise UsageProblem(f"compare takes at most {len(_KEYS)} runs, got {len(runs)}")
    ids = [run.id for run, _ in runs]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UsageProblem(f"{', '.join(twice)} was named twice: a run can't be held against itself")
    schemas = {run.schema for run, _ in runs}
    if len(schemas) > 1:
        said = "; ".join(f"{run.id} has {run.schema}" for run, _ in runs)
        raise UsageProblem(f"runs of unlike schemas can't be compared: {said}. Use one version of authlab for all.")


def _nothing(reports: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]) -> str:
    if refused:
        reasons = dict.fromkeys(reason for item in refused for reason in item["why"])
        return f"these runs can't be compared: {'; '.join(reasons)}"
    held = [
        f"{report['run']['id']} has {', '.join(_named(place) for place in _places(report)) or 'no requests'}"
        for report in reports
    ]
    return f"these runs have no mode with the same number of workers in common: {'; '.join(held)}"


def _named(place: Place) -> str:
    workers, label = place
    return f"{label} at N = {workers}" if workers else f"{label} (workers unknown)"


def _setups(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [setup for experiment in report["experiments"] for setup in experiment["setups"]]


def _places(report: Mapping[str, Any]) -> list[Place]:
    return list(dict.fromkeys((s["workers"], label) for s in _setups(report) for label in s["labels"]))


def _rows(quantity: Quantity, reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per place that the first run has and at least one other has too: all runs' estimates, and the effects."""
    tables = [_estimates(quantity, report) for report in reports]
    smallest = _smallest(quantity, reports)
    rows = []
    for place, base in tables[0].items():
        others = [table.get(place) for table in tables[1:]]
        effects = [
            None if other is None else _effect(quantity, other, base, key, smallest)
            for key, other in zip(_KEYS[1:], others, strict=False)
        ]
        kept = [effect for effect in effects if effect is not None]
        if kept:
            rows.append(
                {
                    "label": place[1],
                    "workers": place[0],
                    "runs": [_short(key, row) for key, row in zip(_KEYS, [base, *others], strict=False)],
                    "effects": kept,
                }
            )
    return rows


def _estimates(quantity: Quantity, report: Mapping[str, Any]) -> dict[Place, dict[str, Any]]:
    found: dict[Place, dict[str, Any]] = {}
    for setup in _setups(report):
        for label, row in quantity.rows(setup).items():
            found.setdefault((setup["workers"], label), row)
    return found


def _effect(
    quantity: Quantity, other: Mapping[str, Any], base: Mapping[str, Any], key: str, smallest: float | None
) -> dict[str, Any] | None:
    if quantity.kind == "difference":
        gap = difference(other, base)
        return {"key": key, **gap, "word": word_for(gap, 0.0, None)}
    quotient = ratio(other, base)
    return None if quotient is None else {"key": key, **quotient, "word": word_for(quotient, 1.0, smallest)}


def _short(key: str, row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"key": key, "value": None, "low": None, "high": None}
    return {"key": key, "value": row["value"], "low": row["low"], "high": row["high"]}


def _smallest(quantity: Quantity, reports: Sequence[Mapping[str, Any]]) -> float | None:
    """The largest of the runs' smallest visible effects in this quantity; None where no run has an A/A pair."""
    stem = quantity.id.removesuffix("_to_none")
    seen = [
        section["smallest_effect"]
        for report in reports
        for setup in _setups(report)
        for section in setup["differences"]
        if section["quantity"] == stem and section["smallest_effect"] is not None
    ]
    return max(seen, default=None)


def _about(key: str, report: Mapping[str, Any]) -> dict[str, Any]:
    run = report["run"]
    return {
        "key": key,
        "id": run["id"],
        "status": run["status"],
        "stack": run["stack"],
        "started_at": run["started_at"],
        "requests": report["totals"]["requests"],
        "blocks": min((n for setup in _setups(report) for n in setup["blocks"].values()), default=0),
    }


def _cautions(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [
        "Runs are not interleaved: what changed on the machine between them is part of every difference in absolute "
        "times. Ratios to `none` are free of most of it, since `none` was measured beside each mode."
    ]
    for key, report in zip(_KEYS, reports, strict=False):
        if report["run"]["status"] != "finished":
            found.append(f"{key} is not finished: {report['run']['status']}.")
        invalid = [t["id"] for e in report["experiments"] for t in e["trials"] if not t["valid"]]
        if invalid:
            found.append(f"{key} has trials that are not valid: {', '.join(invalid)}.")
        if any(setup["pseudo_blocks"] for setup in _setups(report)):
            found.append(f"{key} is a recording: its intervals are over its own seconds.")
    return found


def _chance(quantities: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many of the intervals shown would miss "no difference" by chance."""
    shown = sum(len(row["effects"]) for quantity in quantities for row in quantity["rows"])
    if shown < 10:
        return []
    return [
        f"{shown} intervals of 95 % are shown: if nothing differed at all, about {round(shown / 20)} of them would "
        "still exclude “no difference”."
    ]


def _verdicts(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ids = dict.fromkeys(e["id"] for report in reports for e in report["experiments"] if e["claim"])
    return [{"experiment": name, "values": [_verdict_of(report, name) for report in reports]} for name in ids]


def _verdict_of(report: Mapping[str, Any], name: str) -> str | None:
    for experiment in report["experiments"]:
        if experiment["id"] == name and experiment["verdict"]:
            return str(experiment["verdict"]["value"])
    return None
