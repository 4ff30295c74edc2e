"""Response time by percentile, with a logarithmic tail."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.figure import Column, Figure, Table
from authlab.report.palette import look
from authlab.report.words import coded, label_words, number

# A percentile p stands at log10(1/(1−p)): each nine has the same width.
TICKS = {2: "50", 10: "90", 100: "99", 1000: "99.9", 10_000: "99.99", 100_000: "99.999"}


def percentiles_figure(setup: dict[str, Any]) -> Figure | None:
    """A curve per mode with its interval band."""
    section = setup["percentiles"]
    curves = section["curves"]
    if not curves:
        return None
    labels = [label for label in setup["labels"] if any(row["label"] == label for row in curves)]
    return Figure(
        id="percentiles",
        title=_title(section["headline"], labels),
        reading=(
            "Of all requests, the share on the lower axis was answered within the time on the left (both axes are "
            "logarithmic; each nine has the same width). Bands are 95 % intervals. Each curve ends where fewer than "
            f"{section['beyond']} requests lie beyond it."
        ),
        alt=f"Response time by percentile, one curve per mode. {_listing(section['headline'], labels)}",
        table=_table(section, labels),
        spec=theme.to_spec(_chart(curves, labels)),
        pad=theme.MS_PAD + theme.RIGHT_PAD,
        notes=_notes(setup),
    )


def _chart(curves: list[dict[str, Any]], labels: list[str]) -> theme.Layered:
    rows = theme.named(curves)
    top = max(row["beyond"] for row in rows)
    values = [row[key] for row in rows for key in ("value", "low", "high") if row[key]]
    ends = (min(values) / 1.06, max(values) * 1.06)
    ticks = [tick for tick in TICKS if tick <= top * 1.05]
    names = " : ".join(f"datum.value == {tick} ? '{text} %'" for tick, text in TICKS.items())
    x = alt.X(
        "beyond:Q",
        scale=alt.Scale(type="log", domain=[2, max(top, 4)], nice=False),
        axis=alt.Axis(
            title="percentile of requests", values=ticks, labelExpr=f"{names} : ''", grid=True, labelFlush=False
        ),
    )
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(type="log", domain=list(ends), nice=False),
        axis=theme.ms_axis(ends),
    )
    tips = [
        alt.Tooltip("name:N", title="mode"),
        alt.Tooltip("percentile:Q", title="percentile", format=".4~g"),
        alt.Tooltip("value:Q", title="ms", format=".3~g"),
        alt.Tooltip("low:Q", title="from", format=".3~g"),
        alt.Tooltip("high:Q", title="to", format=".3~g"),
    ]
    base = alt.Chart(theme.data(rows)).encode(x=x)
    band = (
        base.transform_filter("isValid(datum.low)")
        .mark_area(opacity=0.16)
        .encode(y=alt.Y("low:Q"), y2="high:Q", color=theme.colours(labels, legend=True))
    )
    line = base.mark_line(strokeWidth=2).encode(
        y=y, color=theme.colours(labels, legend=True), strokeDash=theme.dashes(labels)
    )
    marks = (
        base.transform_filter("indexof([50, 90, 99, 99.9, 99.99], datum.percentile) >= 0")
        .mark_point(size=60, strokeWidth=2, opacity=1)
        .encode(
            y=y,
            color=theme.colours(labels, legend=True),
            shape=theme.shapes(labels, legend=True),
            fill=alt.Fill(
                "name:N",
                scale=alt.Scale(
                    domain=[label_words(x) for x in labels],
                    range=["transparent" if look(x).hollow else look(x).colour for x in labels],
                ),
                legend=alt.Legend(),
            ),
            tooltip=tips,
        )
    )
    return alt.layer(band, line, marks).properties(height=340)


def _table(section: dict[str, Any], labels: list[str]) -> Table:
    asked = sorted({row["percentile"] for row in section["headline"]})
    cells = {(row["label"], row["percentile"]): row for row in section["headline"]}
    parts = {row["label"]: row for row in section["parts"]}
    rows = []
    for label in labels:
        found = [cells.get((label, q)) for q in asked]
        part = parts.get(label, {})
        rows.append(
            [
                label_words(label),
                *(_cell(row) for row in found),
                number(part.get("service_p50_ms")),
                number(part.get("queue_mean_ms")),
            ]
        )
    columns = [Column("Mode", numeric=False), *(Column(f"p{q:g}, ms") for q in asked)]
    columns += [Column("Service time, median ms"), Column("Queueing, mean ms")]
    return Table("Response time in milliseconds, with 95 % intervals", columns, rows)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "—"
    if row["low"] is None:
        return number(row["value"])
    return f"{number(row['value'])} [{number(row['low'])}, {number(row['high'])}]"


def _title(headline: list[dict[str, Any]], labels: list[str]) -> str:
    medians = [row for row in headline if row["percentile"] == 50 and row["label"] == row["mode"]]
    if not medians:
        return "Response time by percentile"
    if len(medians) == 1:
        return f"Half of {coded(labels[0])}’s requests were answered within {number(medians[0]['value'])} ms"
    least, most = min(medians, key=lambda r: r["value"]), max(medians, key=lambda r: r["value"])
    return (
        f"Median response time: {number(least['value'])} ms with {coded(least['label'])}, "
        f"{number(most['value'])} ms with {coded(most['label'])}"
    )


def _listing(headline: list[dict[str, Any]], labels: list[str]) -> str:
    said = []
    for label in labels:
        points = [f"p{row['percentile']:g} {number(row['value'])} ms" for row in headline if row["label"] == label]
        said.append(f"{label_words(label)}: {', '.join(points)}.")
    return " ".join(said)


def _notes(setup: dict[str, Any]) -> list[str]:
    refusing = [row["label"] for row in setup["failures"] if row["failed"] > 0.05 * row["requests"]]
    if not refusing:
        return []
    return [
        f"{', '.join(coded(label) for label in refusing)}: many of the answers counted here are refusals or "
        "errors, which cost less or more than an answer that was served."
    ]
