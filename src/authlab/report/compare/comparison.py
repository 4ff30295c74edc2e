"""Several runs as one comparison: circumstances, refusals, effects against the first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from authlab.model.errors import UsageProblem
from authlab.model.run import OLD_RUN_SCHEMA, RUN_SCHEMA, Run
from authlab.report.compare.cautions import cautions_of
from authlab.report.compare.circumstances import Differing, differing
from authlab.report.compare.margins import Margins, Overall, overall
from authlab.report.compare.places import is_recording, is_unnamed, named, places_in
from authlab.report.compare.quantities import quantities_of
from authlab.report.compare.rows import Compared, rows_of
from authlab.report.report import Report, build_report
from authlab.store.frames import TrialFrames

COMPARISON_SCHEMA: Final = "authlab/comparison/2"
_KEYS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class RunRow:
    """One of the runs; `key` is the letter that stands for it."""

    key: str
    id: str
    status: str
    stack: str
    started_at: str
    requests: int
    blocks: int


@dataclass(frozen=True)
class Refused:
    """A quantity that can't be compared, and why."""

    quantity: str
    title: str
    counts: bool
    why: tuple[str, ...]


@dataclass(frozen=True)
class Verdicts:
    """What each run came to on one claim; None where it did not judge it."""

    experiment: str
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Every run against the first one. What only some quantities forbid stands under `refused`."""

    runs: tuple[RunRow, ...]
    margins: Margins
    verdict: Overall
    circumstances: tuple[Differing, ...]
    refused: tuple[Refused, ...]
    cautions: tuple[str, ...]
    verdicts: tuple[Verdicts, ...]
    quantities: tuple[Compared, ...]
    schema: str = COMPARISON_SCHEMA

    @property
    def keys(self) -> list[str]:
        """The letters of the runs."""
        return [run.key for run in self.runs]


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """compare.json."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(comparison))
    return plain


def compare_runs(runs: Sequence[tuple[Run, Mapping[str, TrialFrames]]], margins: Margins | None = None) -> Comparison:
    """Every run compared with the first one, and each effect with `margins`.

    Raises `UsageProblem` where nothing can be compared: fewer than two runs, one run twice, unlike schemas, no
    mode in common, or circumstances that forbid it for every quantity; the message names the difference.
    """
    _check(runs)
    margins = margins or Margins()
    keys = list(_KEYS[: len(runs)])
    reports = [build_report(run, frames) for run, frames in runs]
    quantities: list[Compared] = []
    refused: list[Refused] = []
    relative: set[str] = set()
    for quantity in quantities_of(reports):
        rows = rows_of(quantity, keys, reports, margins)
        if not rows:
            continue
        counts = not (quantity.absolute and quantity.stem in relative)
        if not quantity.absolute:
            relative.add(quantity.stem)
        if reasons := quantity.refusals(keys, reports):
            refused.append(Refused(quantity.id, quantity.title, counts, tuple(reasons)))
        else:
            quantities.append(Compared(quantity.id, quantity.title, counts, quantity.kind, quantity.unit, rows))
    if not quantities:
        raise UsageProblem(_nothing(reports, refused))
    judged = [e.verdict for q in quantities if q.counts for row in q.rows for e in row.effects]
    return Comparison(
        runs=tuple(_about(key, report) for key, report in zip(keys, reports, strict=True)),
        margins=margins,
        verdict=overall([*judged, *("inconclusive" for item in refused if item.counts)]),
        circumstances=tuple(differing(reports)),
        refused=tuple(refused),
        cautions=tuple(cautions_of(keys, reports, quantities)),
        verdicts=tuple(_verdicts(reports)),
        quantities=tuple(quantities),
    )


def _check(runs: Sequence[tuple[Run, Mapping[str, TrialFrames]]]) -> None:
    if len(runs) < 2:
        raise UsageProblem("compare needs at least two runs; authlab list shows what there is")
    if len(runs) > len(_KEYS):
        raise UsageProblem(f"compare takes at most {len(_KEYS)} runs, got {len(runs)}")
    ids = [run.id for run, _ in runs]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UsageProblem(f"{', '.join(twice)} was named twice: a run can't be compared with itself")
    schemas = {run.schema for run, _ in runs}
    if len(schemas) > 1 and not schemas <= {RUN_SCHEMA, OLD_RUN_SCHEMA}:  # those two are read as one
        said = "; ".join(f"{run.id} has {run.schema}" for run, _ in runs)
        raise UsageProblem(f"runs of unlike schemas can't be compared: {said}. Use one version of authlab for all.")


def _nothing(reports: Sequence[Report], refused: Sequence[Refused]) -> str:
    if refused:
        reasons = dict.fromkeys(reason for item in refused for reason in item.why)
        return f"these runs can't be compared: {'; '.join(reasons)}"
    harmed = [report.run.id for report in reports if any(e.side_by_side for e in report.experiments)]
    if harmed and len(harmed) < len(reports):
        others = [report.run.id for report in reports if report.run.id not in harmed]
        return (
            f"these runs can't be compared: faults were done to {', '.join(harmed)} and none to {', '.join(others)}: "
            "what was measured of the same modes is not the same thing"
        )
    held = [
        f"{report.run.id} has {', '.join(named(place) for place in places_in(report)) or 'no requests'}"
        for report in reports
    ]
    said = f"these runs have no mode with the same number of workers in common: {'; '.join(held)}."
    if any(is_recording(report) for report in reports):
        said += (
            " A recording without the number of workers counts those that answered: name them with "
            "locust --workers-behind N."
        )
    if unnamed := [report.run.id for report in reports if is_unnamed(report)]:
        said += (
            f" {', '.join(unnamed)} doesn't say which mode was loaded: give locust --mode MODE (authlab up prints the "
            'whole line), or write it into the recording.json that is there: "mode": "jwt"'
        )
    return said


def _about(key: str, report: Report) -> RunRow:
    run = report.run
    blocks = min((n for setup in report.setups for n in setup.blocks.values()), default=0)
    return RunRow(key, run.id, run.status, run.stack, run.started_at, report.requests, blocks)


def _verdicts(reports: Sequence[Report]) -> list[Verdicts]:
    ids = dict.fromkeys(e.id for report in reports for e in report.run.experiments if e.claim)
    return [Verdicts(name, tuple(_verdict_of(report.run, name) for report in reports)) for name in ids]


def _verdict_of(run: Run, name: str) -> str | None:
    return next((e.verdict.value for e in run.experiments if e.id == name and e.verdict), None)
