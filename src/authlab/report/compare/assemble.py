"""Several runs as one comparison: circumstances, refusals, effects against the first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from authlab.model.errors import UsageProblem
from authlab.model.run import Run
from authlab.report.assemble import build_report
from authlab.report.compare.cautions import cautions_of
from authlab.report.compare.circumstances import differing
from authlab.report.compare.margins import Margins, overall
from authlab.report.compare.places import is_recording, is_unnamed, named, places_in, setups_in
from authlab.report.compare.quantities import quantities_of
from authlab.report.compare.rows import rows_of
from authlab.report.faulted import faulted
from authlab.store.frames import TrialFrames

COMPARISON_SCHEMA: Final = "authlab/comparison/1"
_KEYS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def compare_runs(
    runs: Sequence[tuple[Run, Mapping[str, TrialFrames]]], margins: Margins | None = None
) -> dict[str, Any]:
    """compare.json: every run against the first one, each effect held against `margins`.

    Raises `UsageProblem` where nothing can be compared: fewer than two runs, one run twice, unlike schemas, no
    mode in common, or circumstances that forbid it for every quantity; the message names the difference. Where
    only some quantities can't be compared, they stand under `refused` with their reasons.

    `counts` says whether a quantity is part of the verdict: absolute times aren't where their ratios to `none` are.
    """
    _check(runs)
    margins = margins or Margins()
    keys = list(_KEYS[: len(runs)])
    reports = [build_report(run, frames) for run, frames in runs]
    quantities: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    relative: set[str] = set()
    for quantity in quantities_of(reports):
        rows = rows_of(quantity, keys, reports, margins)
        if not rows:
            continue
        counts = not (quantity.absolute and quantity.stem in relative)
        if not quantity.absolute:
            relative.add(quantity.stem)
        about = {"quantity": quantity.id, "title": quantity.title, "counts": counts}
        reasons = quantity.refusals(keys, reports)
        if reasons:
            refused.append({**about, "why": reasons})
        else:
            quantities.append({**about, "kind": quantity.kind, "unit": quantity.unit, "rows": rows})
    if not quantities:
        raise UsageProblem(_nothing(reports, refused))
    return {
        "schema": COMPARISON_SCHEMA,
        "runs": [_about(key, report) for key, report in zip(keys, reports, strict=True)],
        "margins": asdict(margins),
        "verdict": overall(
            [
                *(e["verdict"] for q in quantities if q["counts"] for row in q["rows"] for e in row["effects"]),
                *("inconclusive" for item in refused if item["counts"]),
            ]
        ),
        "circumstances": differing(reports),
        "refused": refused,
        "cautions": cautions_of(keys, reports, quantities),
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
    harmed = [report["run"]["id"] for report in reports if faulted(report["experiments"])]
    if harmed and len(harmed) < len(reports):
        others = [report["run"]["id"] for report in reports if report["run"]["id"] not in harmed]
        return (
            f"these runs can't be compared: faults were done to {', '.join(harmed)} and none to {', '.join(others)}: "
            "what was measured of the same modes is not the same thing"
        )
    held = [
        f"{report['run']['id']} has {', '.join(named(place) for place in places_in(report)) or 'no requests'}"
        for report in reports
    ]
    said = f"these runs have no mode with the same number of workers in common: {'; '.join(held)}."
    if any(is_recording(report) for report in reports):
        said += (
            " Where a recording was not told the number of workers, it counts those that answered: name them with "
            "locust --workers-behind N."
        )
    if unnamed := [report["run"]["id"] for report in reports if is_unnamed(report)]:
        said += (
            f" {', '.join(unnamed)} doesn't say which mode was loaded: give locust --mode MODE (authlab up prints the "
            'whole line), or write it into the recording.json that is there: "mode": "jwt"'
        )
    return said


def _about(key: str, report: Mapping[str, Any]) -> dict[str, Any]:
    run = report["run"]
    return {
        "key": key,
        "id": run["id"],
        "status": run["status"],
        "stack": run["stack"],
        "started_at": run["started_at"],
        "requests": report["totals"]["requests"],
        "blocks": min((n for setup in setups_in(report) for n in setup["blocks"].values()), default=0),
    }


def _verdicts(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ids = dict.fromkeys(e["id"] for report in reports for e in report["experiments"] if e["claim"])
    return [{"experiment": name, "values": [_verdict_of(report, name) for report in reports]} for name in ids]


def _verdict_of(report: Mapping[str, Any], name: str) -> str | None:
    for experiment in report["experiments"]:
        if experiment["id"] == name and experiment["verdict"]:
            return str(experiment["verdict"]["value"])
    return None
