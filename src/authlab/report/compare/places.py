"""What stands where in reports: estimates by mode and number of workers, and which of two runs belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from authlab.model.windows import AGAIN
from authlab.report.report import Report
from authlab.report.tables import RECORDING

Place = tuple[int, str]
"""Workers (0: unknown) and label: what must be the same for two estimates to speak of the same thing."""

T = TypeVar("T")


def places_in(report: Report) -> list[Place]:
    """Every mode of a report with its number of workers."""
    return list(dict.fromkeys((s.workers_of(label), label) for s in report.setups for label in s.labels))


def at(table: Mapping[Place, T], place: Place) -> T | None:
    """What a table holds for a place.

    A recording may not know its number of workers: it then belongs to the one place of that mode, if there is one.
    """
    if place in table:
        return table[place]
    workers, label = place
    alike = [found for found in table if found[1] == label and 0 in (workers, found[0])]
    return table[alike[0]] if len(alike) == 1 else None


def named(place: Place) -> str:
    """A place in words."""
    workers, label = place
    return f"{label} at N = {workers}" if workers else f"{label} (workers unknown)"


def is_recording(report: Report) -> bool:
    """Whether a report is of plain Locust's recording."""
    return any(trial.stage == RECORDING for trial in report.run.trials)


def is_unnamed(report: Report) -> bool:
    """Whether a report is of a recording that does not say which mode it loaded."""
    return is_recording(report) and not report.run.parameters.get("mode")


def apart(keys: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """Sentences about the modes that not every run has: they are compared where they can be."""
    held = [{place: True for place in places_in(report) if not place[1].endswith(AGAIN)} for report in reports]
    lacking: dict[str, list[str]] = {}
    for place in dict.fromkeys(place for table in held for place in table):
        without = [key for key, table in zip(keys, held, strict=False) if not at(table, place)]
        if without:
            lacking.setdefault(", ".join(without), []).append(named(place))
    return [f"Not in {without}: {', '.join(names)}." for without, names in lacking.items()]


def doubts(key: str, report: Report, label: str, place: Place) -> list[str]:
    """Why the trials behind an estimate of this mode can't be trusted; empty where they can."""
    return [
        f"{key}: {reason}"
        for trial in report.run.trials
        if trial.mode == label and not trial.valid and place[0] in (0, trial.workers)
        for reason in (trial.reasons or ["no reason was recorded"])
    ]
