"""What a reader of a comparison must keep in mind, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from authlab.report.compare.circumstances import unrecorded
from authlab.report.compare.places import apart, is_recording, is_unnamed
from authlab.report.compare.rows import Compared
from authlab.report.report import Report


def cautions_of(keys: Sequence[str], reports: Sequence[Report], quantities: Sequence[Compared]) -> list[str]:
    """Cautions about runs and about what was compared of them."""
    found = [
        "Runs are not interleaved: what changed on the machine between them is part of every difference in absolute "
        "times. Ratios to `none` are free of most of it, since `none` was measured beside each mode."
    ]
    if any(not quantity.counts for quantity in quantities):
        found.append("Absolute times are therefore shown, but are no part of the verdict where ratios to `none` are.")
    for key, report in zip(keys, reports, strict=True):
        found += _of_one(key, report)
    return [*found, *apart(keys, reports), *unrecorded(keys, reports), *_chance(quantities)]


def _of_one(key: str, report: Report) -> list[str]:
    found = []
    if report.run.status != "finished":
        found.append(f"{key} is not finished: {report.run.status}.")
    invalid: dict[str, list[str]] = {}
    for trial in report.run.trials:
        if not trial.valid:
            invalid.setdefault("; ".join(trial.reasons) or "no reason was recorded", []).append(trial.id)
    found += [f"{key} has trials that are not valid: {', '.join(ids)}: {why}." for why, ids in invalid.items()]
    if any(setup.side_by_side for setup in report.setups):
        found.append(
            f"{key} had faults done to it: of those trials what their experiments observed is compared, with the "
            "intervals of its verdict. Less counts as better."
        )
    if any(setup.pseudo_blocks and not setup.side_by_side for setup in report.setups):
        found.append(f"{key} is a recording: its intervals are over its own seconds.")
    if is_recording(report) and not any(setup.workers for setup in report.setups):
        found.append(f"{key} doesn't know how many workers served it: it is compared with any number of them.")
    if is_unnamed(report):
        found.append(f"{key} doesn't say which mode was loaded: it is known by its scenario alone.")
    return found


def _chance(quantities: Sequence[Compared]) -> list[str]:
    """How many of the intervals shown would miss "no difference" by chance."""
    shown = sum(len(row.effects) for quantity in quantities for row in quantity.rows)
    if shown < 10:
        return []
    return [
        f"{shown} intervals of 95 % are shown: if nothing differed at all, about {round(shown / 20)} of them would "
        "still exclude “no difference”."
    ]
