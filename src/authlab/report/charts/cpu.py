"""CPU time per request, stacked by the part of the stack that spent it."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.charts.stacks import stacked
from authlab.report.figure import Column, Figure, Table
from authlab.report.tables.cpu import PARTS
from authlab.report.words import NBSP, coded, interval_in_unit, label_words, number


def cpu_figure(setup: dict[str, Any]) -> Figure | None:
    """A bar per mode: proxy, workers, store; a whisker for the interval of the total."""
    rows = setup["cpu"]
    if not rows:
        return None
    labels = [row["label"] for row in rows]
    return Figure(
        id="cpu",
        title=_title(rows),
        reading="CPU time that a request took on the server’s side, in microseconds, by the part that spent it. The "
        "whisker is the 95 % interval of the whole.",
        alt="CPU time per request, by mode. "
        + "; ".join(
            f"{label_words(row['label'])} {number(row['value'])}{NBSP}µs ("
            + ", ".join(f"{part} {number(row[part])}" for part in PARTS if row[part])
            + ")"
            for row in rows
        )
        + ".",
        table=Table(
            "CPU time per request in microseconds, by part",
            (
                Column("Mode", numeric=False),
                Column("Total"),
                Column("95 % interval"),
                Column("Proxy"),
                Column("Workers"),
                Column("Store"),
                Column("Blocks"),
            ),
            [_cells(row) for row in rows],
        ),
        spec=theme.to_spec(_chart(rows, labels)),
        pad=theme.label_pad(labels) + theme.RIGHT_PAD,
    )


def _chart(rows: list[dict[str, Any]], labels: list[str]) -> theme.Layered:
    pieces = [{"label": row["label"], "part": part, "amount": row[part]} for row in rows for part in PARTS if row[part]]
    known = (
        alt.Chart(theme.data(theme.named(rows)))
        .transform_filter("isValid(datum.low)")
        .encode(y=theme.names_axis(labels))
    )
    whisker = known.mark_rule(style="ink", strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    ends = known.mark_tick(style="ink", thickness=2, size=9, orient="vertical")
    bars = stacked(pieces, labels, unit="µs", title="µs of CPU per request")
    return alt.layer(bars, whisker, ends.encode(x=alt.X("low:Q")), ends.encode(x=alt.X("high:Q"))).properties(
        height=theme.ROW * len(labels)
    )


def _cells(row: dict[str, Any]) -> list[str]:
    interval = None if row["low"] is None else (row["low"], row["high"])
    return [
        label_words(row["label"]),
        number(row["value"]),
        interval_in_unit(interval, "").strip() or "—",
        *(number(row[part]) for part in PARTS),
        str(row["blocks"]),
    ]


def _title(rows: list[dict[str, Any]]) -> str:
    own = [row for row in rows if row["label"] == row["mode"]] or rows
    least, most = min(own, key=lambda r: r["value"]), max(own, key=lambda r: r["value"])
    if least is most:
        return f"A request of {coded(least['label'])} took {number(least['value'])}{NBSP}µs of CPU"
    return (
        f"A request took {number(least['value'])}{NBSP}µs of CPU with {coded(least['label'])}, "
        f"{number(most['value'])}{NBSP}µs with {coded(most['label'])}"
    )
