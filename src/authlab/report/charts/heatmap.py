"""Response time over time: a small map per mode, one above the other, on one clock."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.figure import Column, Figure, Table
from authlab.report.palette import look
from authlab.report.words import label_words, number, whole

FULL_SHARE = 0.3
"""Share of a slice's requests in one bin at which the colour is at its fullest."""


def heatmap_figure(setup: dict[str, Any]) -> Figure | None:
    """Time against logarithmic latency bins; fuller colour, more requests."""
    section = setup["heatmap"]
    if not section["cells"]:
        return None
    labels = [label for label in setup["labels"] if any(row["label"] == label for row in section["columns"])]
    together = section["blocks_per_column"]
    until = "" if setup["pseudo_blocks"] else ", drawn until the next one"
    column = "second" if setup["pseudo_blocks"] else "slice of load on that mode"
    return Figure(
        id="heatmap",
        title="Response time over the run",
        reading=(
            f"Each column is one {column}{f' ({together} neighbours joined)' if together > 1 else ''}{until}; the "
            "fuller the colour, the larger the share of its requests that took so long. The thin line is the median. "
            "Stripes across all modes at the same time are the machine’s doing, not a mode’s."
        ),
        alt=f"Heat maps of response time over time, one per mode. {_listing(section['columns'], labels)}",
        table=_table(section["columns"]),
        spec=theme.to_spec(_chart(section, labels)),
        pad=theme.MS_PAD + theme.RIGHT_PAD,
    )


def _chart(section: dict[str, Any], labels: list[str]) -> alt.VConcatChart:
    ends = (min(c["from_ms"] for c in section["cells"]), max(c["to_ms"] for c in section["cells"]))
    until = max(column["to_s"] for column in section["columns"])
    panels = [_panel(section, label, ends, until, last=label == labels[-1]) for label in labels]
    return alt.vconcat(*panels, spacing=10)


def _panel(
    section: dict[str, Any], label: str, ends: tuple[float, float], until: float, *, last: bool
) -> theme.Layered:
    cells = [row for row in section["cells"] if row["label"] == label]
    columns = [row for row in section["columns"] if row["label"] == label]
    x = alt.X(
        "from_s:Q",
        scale=alt.Scale(domain=[0, until], nice=False),
        axis=alt.Axis(
            title="seconds after the first slice" if last else None,
            labels=last,
            ticks=last,
            domain=last,
            grid=False,
            tickCount=8,
        ),
    )
    y = alt.Y(
        "from_ms:Q",
        scale=alt.Scale(type="log", domain=list(ends), nice=False),
        axis=theme.ms_axis(ends, most=4, grid=False),
    )
    opacity = alt.FillOpacity(
        "share:Q", scale=alt.Scale(type="sqrt", domain=[0, FULL_SHARE], range=[0.04, 1], clamp=True), legend=None
    )
    tips = [
        alt.Tooltip("from_s:Q", title="at s", format=".1f"),
        alt.Tooltip("from_ms:Q", title="from ms", format=".3~g"),
        alt.Tooltip("to_ms:Q", title="to ms", format=".3~g"),
        alt.Tooltip("requests:Q", title="requests", format=","),
        alt.Tooltip("share:Q", title="share", format=".1%"),
    ]
    drop = {"label"}
    bins = alt.Chart(theme.data([{k: v for k, v in row.items() if k not in drop} for row in cells])).mark_rect(
        fill=look(label).colour, strokeWidth=0
    )
    median = alt.Chart(theme.data([{k: row[k] for k in ("from_s", "to_s", "p50_ms")} for row in columns])).mark_rule(
        style="ink", strokeWidth=1.6
    )
    return alt.layer(
        bins.encode(x=x, x2="to_s:Q", y=y, y2="to_ms:Q", fillOpacity=opacity, tooltip=tips),
        median.encode(x=x, x2="to_s:Q", y=alt.Y("p50_ms:Q")),
    ).properties(height=96, title=alt.Title(label_words(label)))


def _table(columns: list[dict[str, Any]]) -> Table:
    return Table(
        "Response time by slice, in milliseconds",
        (
            Column("Mode", numeric=False),
            Column("From, s"),
            Column("To, s"),
            Column("Requests"),
            Column("Median"),
            Column("p95"),
            Column("Highest"),
        ),
        [
            [
                label_words(row["label"]),
                f"{row['from_s']:.1f}",
                f"{row['to_s']:.1f}",
                whole(row["requests"]),
                number(row["p50_ms"]),
                number(row["p95_ms"]),
                number(row["max_ms"]),
            ]
            for row in columns
        ],
    )


def _listing(columns: list[dict[str, Any]], labels: list[str]) -> str:
    said = []
    for label in labels:
        medians = [row["p50_ms"] for row in columns if row["label"] == label]
        said.append(f"{label_words(label)}: slice medians from {number(min(medians))} to {number(max(medians))} ms.")
    return " ".join(said)
