"""Resident memory by mode, stacked by the part of the stack that holds it."""

from __future__ import annotations

from typing import Any

from authlab.report.charts import theme
from authlab.report.charts.stacks import stacked
from authlab.report.figure import Column, Figure, Table
from authlab.report.words import coded, label_words, number, size

MIB = 1024**2


def memory_figure(setup: dict[str, Any]) -> Figure | None:
    """A bar per mode: proxy, workers, store."""
    rows = setup["memory"]
    if not rows:
        return None
    labels = list(dict.fromkeys(row["label"] for row in rows))
    totals = {label: sum(row["bytes"] for row in rows if row["label"] == label) for label in labels}
    pieces = [{"label": row["label"], "part": row["part"], "amount": row["bytes"] / MIB} for row in rows]
    least, most = min(totals, key=lambda x: totals[x]), max(totals, key=lambda x: totals[x])
    return Figure(
        id="memory",
        title=f"Memory: {size(totals[least])} with {coded(least)}, {size(totals[most])} with {coded(most)}"
        if least != most
        else f"Memory: {size(totals[least])}",
        reading="Resident memory of each part while the mode was under load: the median over its slices. Pages that "
        "processes share are counted in each.",
        alt="Resident memory by mode. "
        + "; ".join(f"{label_words(label)} {size(total)}" for label, total in totals.items())
        + ".",
        table=Table(
            "Resident memory by mode and part",
            (
                Column("Mode", numeric=False),
                Column("Part", numeric=False),
                Column("Median"),
                Column("Highest"),
                Column("Growth over the run, KiB"),
            ),
            [
                [
                    label_words(row["label"]),
                    row["part"],
                    size(row["bytes"]),
                    size(row["highest"]),
                    number(row["growth"] / 1024),
                ]
                for row in rows
            ],
        ),
        spec=theme.to_spec(stacked(pieces, labels, unit="MiB", title="MiB").properties(height=theme.ROW * len(labels))),
        pad=theme.label_pad(labels) + theme.RIGHT_PAD,
    )
