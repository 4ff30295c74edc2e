"""The share of requests that each mode refused, against what was predicted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, Spec, finished, layer, panel, q, rows, tip, to
from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.refusals import Refusals
from authlab.report.setups import Setup
from authlab.report.words import coded, interval_in_unit, label_words, percent, whole

HEADS = columns(
    *("Mode", "Requests", "Refused", "Share", "95 % interval", "Predicted", "Other failures", "Blocks"), words="Mode"
)
PREDICTED = "isValid(datum.predicted)"


def failures(setup: Setup) -> Iterator[Figure]:
    """Point and interval per mode, on the band of what was predicted."""
    found = setup.refusals
    if not found:
        return
    yield Figure(
        id="failures",
        title=failures_title(found),
        reading=_reading(found),
        alt=f"Share of requests refused, per mode. {_listing(found)}.",
        table=Table("Requests refused after log-in, by mode", HEADS, [cells(row) for row in found]),
        spec=finished(_chart(setup.labels, found)),
        pad=theme.side_pad(setup.labels),
        notes=_notes(found),
    )


def _reading(found: Sequence[Refusals]) -> str:
    text = (
        "Share of requests after a successful log-in that were refused (401 or 403). Point and whiskers: measured, "
        "with its 95 % interval."
    )
    if all(row.predicted is None for row in found):
        return text
    return f"{text} Ring: predicted; the grey band is the margin within which it counts as met."


def _chart(labels: Sequence[str], found: Sequence[Refusals]) -> Spec:
    data = rows(found)
    for row in data:
        if row["predicted"] is not None:
            row |= {"from": max(0, row["predicted"] - row["margin"]), "to": min(1, row["predicted"] + row["margin"])}
    y, colour = theme.names_axis(labels), theme.colours(labels)
    axis = {"format": ".0%", "title": "requests refused", "tickCount": 5}
    tips = [
        tip("name", "mode"),
        tip("value", "refused", ".2%"),
        tip("low", "from", ".2%"),
        tip("high", "to", ".2%"),
        tip("predicted", "predicted", ".2%"),
        tip("requests", "requests", ","),
    ]
    return panel(
        layer(data, "bar", where=PREDICTED, look={"height": 20, "style": "ghost", "opacity": 0.22},
              y=y, x=q("from", scale={"domain": [0, 1]}, axis=axis), x2=to("to")),
        layer(data, "point", where=PREDICTED, look={"size": 190, "style": "ghost", "strokeWidth": 1.6},
              y=y, x=q("predicted")),
        layer(data, "rule", where=KNOWN, look={"strokeWidth": 2.5}, y=y, x=q("low"), x2=to("high"), color=colour),
        layer(data, "point", look={"size": 70, "filled": True, "opacity": 1}, y=y,
              x=q("value", scale={"domain": [0, 1], "nice": False}, axis=axis),
              color=colour, shape=theme.shapes(labels), tooltip=tips),
        height=theme.ROW * len(labels),
    )  # fmt: skip


def cells(row: Refusals) -> list[str]:
    """A row of the table."""
    return [
        label_words(row.label),
        whole(row.requests),
        whole(row.refused),
        percent(row.value),
        interval_in_unit(row.interval, "share") or "—",
        percent(row.predicted) if row.predicted is not None else "—",
        percent(row.other_share),
        str(row.blocks),
    ]


def failures_title(found: Sequence[Refusals]) -> str:
    """Who refused how much, in one line."""
    own = [row for row in found if row.own]
    refusing = [row for row in own if row.refused]
    clean = [coded(row.label) for row in own if not row.refused]
    if not refusing:
        return "No mode refused a single request"
    said = ", ".join(f"{coded(row.label)} refused {percent(row.value)}" for row in refusing)
    return f"{said} of requests{f'; {listed(clean)} refused none' if clean else ''}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last


def _listing(found: Sequence[Refusals]) -> str:
    return "; ".join(
        f"{label_words(row.label)} {percent(row.value)}"
        + (f", predicted {percent(row.predicted)}" if row.predicted is not None else "")
        for row in found
    )


def _notes(found: Sequence[Refusals]) -> list[str]:
    other = [f"{coded(row.label)} {percent(row.other_share)}" for row in found if row.other_share]
    if not other:
        return []
    return [
        f"Beside refusals, requests failed for other reasons: {', '.join(other)}. The table of outcomes names them."
    ]
