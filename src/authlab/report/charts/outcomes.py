"""What became of the requests: a table, since most of its numbers are nought or all."""

from __future__ import annotations

from typing import Any

from authlab.report.figure import Column, Figure, Table
from authlab.report.words import label_words, percent, whole


def outcomes_figure(setup: dict[str, Any]) -> Figure | None:
    """Outcome, status and reason per mode."""
    rows = setup["outcomes"]
    if not rows:
        return None
    failed = sum(row["requests"] for row in rows if row["outcome"] != "ok")
    total = sum(row["requests"] for row in rows)
    return Figure(
        id="outcomes",
        title=f"Of {whole(total)} requests {whole(total - failed)} were served as they should be",
        reading="Every measured request by its outcome, with the HTTP status and the reason that the service (or the "
        "network) gave.",
        alt="",
        table=Table(
            "Outcomes by mode",
            (
                Column("Mode", numeric=False),
                Column("Outcome", numeric=False),
                Column("Status"),
                Column("Reason", numeric=False),
                Column("Requests"),
                Column("Share"),
            ),
            [
                [
                    label_words(row["label"]),
                    row["outcome"],
                    str(row["status"] or "—"),
                    row["reason"] or "—",
                    whole(row["requests"]),
                    percent(row["share"]),
                ]
                for row in rows
            ],
        ),
    )
