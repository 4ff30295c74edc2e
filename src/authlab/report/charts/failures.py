"""Share of requests refused, per mode, beside its prediction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.figure import Column, Figure, Table
from authlab.report.words import coded, count, interval_in_unit, label_words, percent, whole

COLUMNS = (
    Column("Mode", numeric=False),
    Column("Requests"),
    Column("Refused"),
    Column("Share"),
    Column("95 % interval"),
    Column("Predicted"),
    Column("Other failures"),
    Column("Blocks"),
)


def failures_figure(setup: dict[str, Any]) -> Figure | None:
    """Point and interval per mode, on the band of what was predicted."""
    rows = setup["failures"]
    if not rows:
        return None
    chart = _chart(setup["labels"], rows)
    return Figure(
        id="failures",
        title=failures_title(rows),
        reading=_reading(rows),
        alt=f"Share of requests refused, per mode. {_listing(rows)}.",
        table=Table("Requests refused after log-in, by mode", COLUMNS, [_cells(row) for row in rows]),
        spec=theme.to_spec(chart),
        pad=theme.label_pad(setup["labels"]) + theme.RIGHT_PAD,
        notes=_notes(rows),
    )


def _reading(rows: list[dict[str, Any]]) -> str:
    text = (
        "Share of requests after a successful log-in that were refused (401 or 403). Point and whiskers: measured, "
        "with its 95 % interval."
    )
    if all(row["predicted"] is None for row in rows):
        return text
    return f"{text} Ring: predicted; the grey band is the margin within which it counts as met."


def _chart(labels: list[str], rows: list[dict[str, Any]]) -> theme.Layered:
    shown = [
        {
            **row,
            "from": None if row["predicted"] is None else max(0, row["predicted"] - row["margin"]),
            "to": None if row["predicted"] is None else min(1, row["predicted"] + row["margin"]),
        }
        for row in theme.named(rows)
    ]
    y = theme.names_axis(labels)
    axis = alt.Axis(format=".0%", title="requests refused", tickCount=5)
    x = alt.X("value:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=axis)
    tips = [
        alt.Tooltip("name:N", title="mode"),
        alt.Tooltip("value:Q", title="refused", format=".2%"),
        alt.Tooltip("low:Q", title="from", format=".2%"),
        alt.Tooltip("high:Q", title="to", format=".2%"),
        alt.Tooltip("predicted:Q", title="predicted", format=".2%"),
        alt.Tooltip("requests:Q", title="requests", format=","),
    ]
    base = alt.Chart(theme.data(shown)).encode(y=y)
    band = base.transform_filter("isValid(datum.predicted)").mark_bar(height=20, style="ghost", opacity=0.22)
    ring = base.transform_filter("isValid(datum.predicted)").mark_point(size=190, style="ghost", strokeWidth=1.6)
    whisker = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5)
    point = base.mark_point(size=70, filled=True, opacity=1)
    return alt.layer(
        band.encode(x=alt.X("from:Q", scale=alt.Scale(domain=[0, 1]), axis=axis), x2="to:Q"),
        ring.encode(x=alt.X("predicted:Q")),
        whisker.encode(x=alt.X("low:Q"), x2="high:Q", color=theme.colours(labels)),
        point.encode(x=x, color=theme.colours(labels), shape=theme.shapes(labels), tooltip=tips),
    ).properties(height=theme.ROW * len(labels))


def workers_figure(setups: list[dict[str, Any]]) -> Figure | None:
    """The share refused against the number of workers, where an experiment varies it."""
    rows = [{**row, "workers": setup["workers"]} for setup in setups for row in setup["failures"]]
    if len(setups) < 2 or not rows:
        return None
    labels = list(dict.fromkeys(row["label"] for row in rows))
    order = [str(setup["workers"]) for setup in setups]
    shown = theme.named([{**row, "n": str(row["workers"])} for row in rows])
    x = alt.X("n:O", sort=order, axis=alt.Axis(title="workers", labelAngle=0))
    base = alt.Chart(theme.data(shown)).encode(x=x)
    share = alt.Y(
        "value:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", title=None, minExtent=44, maxExtent=44, tickCount=5),
    )
    offset = alt.XOffset("name:N", sort=[label_words(label) for label in labels])
    colour = theme.colours(labels, legend=True)
    chart = alt.layer(
        base.transform_filter("isValid(datum.predicted)")
        .mark_tick(thickness=2, size=22, style="ghost", orient="horizontal")
        .encode(y=alt.Y("predicted:Q"), xOffset=offset),
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2.5)
        .encode(y=alt.Y("low:Q"), y2="high:Q", xOffset=offset, color=colour),
        base.mark_point(size=70, filled=True, opacity=1).encode(
            y=share, xOffset=offset, color=colour, shape=theme.shapes(labels, legend=True)
        ),
    ).properties(height=280)
    cells = [[f"{label_words(r['label'])}, {count(r['workers'], 'worker')}", *_cells(r)[1:]] for r in rows]
    return Figure(
        id="failures-by-workers",
        title=workers_title(setups),
        reading="Points and whiskers: measured, with 95 % intervals. Grey dash: what was predicted for that number of "
        "workers.",
        alt="Share of requests refused against the number of workers. "
        + "; ".join(f"{r['workers']} workers, {r['label']}: {percent(r['value'])}" for r in rows)
        + ".",
        table=Table("Requests refused after log-in, by mode and number of workers", COLUMNS, cells),
        spec=theme.to_spec(chart),
        pad=44 + theme.RIGHT_PAD,
    )


def workers_title(setups: list[dict[str, Any]]) -> str:
    """Who refused how much at which number of workers, in one line."""
    rows = [row for setup in setups for row in setup["failures"]]
    sizes = ", ".join(str(setup["workers"]) for setup in setups)
    refusing = dict.fromkeys(row["label"] for row in rows if row["refused"])
    if not refusing:
        return f"No mode refused a single request, with {sizes} workers"
    said = [
        f"{coded(label)} refused " + ", ".join(percent(row["value"]) for row in rows if row["label"] == label)
        for label in refusing
    ]
    clean = [coded(label) for label in dict.fromkeys(row["label"] for row in rows) if label not in refusing]
    return f"With {sizes} workers {'; '.join(said)}{f'; {_and(clean)} refused none' if clean else ''}"


def _cells(row: dict[str, Any]) -> list[str]:
    interval = None if row["low"] is None else (row["low"], row["high"])
    predicted = percent(row["predicted"]) if row["predicted"] is not None else "—"
    return [
        label_words(row["label"]),
        whole(row["requests"]),
        whole(row["refused"]),
        percent(row["value"]),
        interval_in_unit(interval, "share") or "—",
        predicted,
        percent(row["other_share"]),
        str(row["blocks"]),
    ]


def failures_title(rows: list[dict[str, Any]]) -> str:
    """Who refused how much, in one line."""
    own = [row for row in rows if row["label"] == row["mode"]]
    refusing = [row for row in own if row["refused"]]
    clean = [coded(row["label"]) for row in own if not row["refused"]]
    if not refusing:
        return "No mode refused a single request"
    said = ", ".join(f"{coded(row['label'])} refused {percent(row['value'])}" for row in refusing)
    return f"{said} of requests{f'; {_and(clean)} refused none' if clean else ''}"


def _and(names: Iterable[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last


def _listing(rows: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{label_words(row['label'])} {percent(row['value'])}"
        + (f", predicted {percent(row['predicted'])}" if row["predicted"] is not None else "")
        for row in rows
    )


def _notes(rows: list[dict[str, Any]]) -> list[str]:
    other = [row for row in rows if row["other_share"]]
    if not other:
        return []
    listed = ", ".join(f"{coded(row['label'])} {percent(row['other_share'])}" for row in other)
    return [f"Beside refusals, requests failed for other reasons: {listed}. The table of outcomes names them."]
