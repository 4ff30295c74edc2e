"""What became of the requests: a table, since most of its numbers are nought or all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from authlab.model.samples import OUTCOMES
from authlab.report.figure import Figure, Table, columns
from authlab.report.setups import Setup
from authlab.report.tables import Tables
from authlab.report.words import label_words, percent, whole


@dataclass(frozen=True)
class Outcome:
    """Measured requests of a label that ended alike, and their share of the label's."""

    label: str
    outcome: str
    status: int
    reason: str
    requests: int
    share: float


def outcomes(setup: Setup) -> Iterator[Figure]:
    """Outcome, status and reason per mode."""
    found = outcomes_of(setup.tables)
    if not found:
        return
    failed = sum(row.requests for row in found if row.outcome != "ok")
    total = sum(row.requests for row in found)
    yield Figure(
        id="outcomes",
        title=f"Of {whole(total)} requests {whole(total - failed)} were served as they should be",
        reading="Every measured request by its outcome, with the HTTP status and the reason that the service (or the "
        "network) gave.",
        table=Table(
            "Outcomes by mode",
            columns("Mode", "Outcome", "Status", "Reason", "Requests", "Share", words="Mode, Outcome, Reason"),
            [
                [
                    label_words(row.label),
                    row.outcome,
                    str(row.status or "—"),
                    row.reason or "—",
                    whole(row.requests),
                    percent(row.share),
                ]
                for row in found
            ],
        ),
        data=found,
    )


def outcomes_of(tables: Tables) -> tuple[Outcome, ...]:
    """A row per label, outcome, status and reason."""
    counts = tables.measured.group_by("label", "outcome", "status", "reason").agg(pl.len().alias("requests")).collect()
    counts = counts.with_columns((pl.col("requests") / pl.col("requests").sum().over("label")).alias("share"))
    order = tables.order
    known = {outcome: place for place, outcome in enumerate(OUTCOMES)}
    found = [
        Outcome(r["label"], r["outcome"], r["status"], r["reason"] or "", r["requests"], r["share"])
        for r in counts.to_dicts()
        if r["label"] in order
    ]
    return tuple(sorted(found, key=lambda r: (order[r.label], known.get(r.outcome, len(known)), -r.requests, r.reason)))
