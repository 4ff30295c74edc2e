"""Response time by percentile, with a logarithmic tail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, Spec, finished, layer, panel, q, rows, tip, to
from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.response import Point, Response
from authlab.report.setups import Setup
from authlab.report.words import coded, label_words, number

# A percentile p stands at log10(1/(1−p)): each nine has the same width.
TICKS = {2: "50", 10: "90", 100: "99", 1000: "99.9", 10_000: "99.99", 100_000: "99.999"}


def percentiles(setup: Setup) -> Iterator[Figure]:
    """A curve per mode with its interval band."""
    found = setup.response
    if not found.curves:
        return
    labels = [label for label in setup.labels if any(point.label == label for point in found.curves)]
    yield Figure(
        id="percentiles",
        title=_title(found.headline, labels),
        reading=(
            "Of all requests, the share on the lower axis was answered within the time on the left (both axes are "
            "logarithmic; each nine has the same width). Bands are 95 % intervals. Each curve ends where fewer than "
            f"{found.beyond} requests lie beyond it."
        ),
        alt=f"Response time by percentile, one curve per mode. {_listing(found.headline, labels)}",
        table=_table(found, labels),
        spec=finished(_chart(found.curves, labels)),
        pad=theme.MS_PAD + theme.RIGHT_PAD,
        notes=_notes(setup),
    )


def _chart(curves: Sequence[Point], labels: Sequence[str]) -> Spec:
    data = rows(curves)
    top = max(point.beyond for point in curves)
    values = [value for point in curves for value in (point.value, point.low, point.high) if value]
    ends = (min(values) / 1.06, max(values) * 1.06)
    names = " : ".join(f"datum.value == {tick} ? '{text} %'" for tick, text in TICKS.items())
    x = q(
        "beyond",
        scale={"type": "log", "domain": [2, max(top, 4)], "nice": False},
        axis={
            "title": "percentile of requests",
            "values": [tick for tick in TICKS if tick <= top * 1.05],
            "labelExpr": f"{names} : ''",
            "grid": True,
            "labelFlush": False,
        },
    )
    y = q("value", scale={"type": "log", "domain": list(ends), "nice": False}, axis=theme.ms_axis(ends))
    colour = theme.colours(labels, legend=True)
    tips = [
        tip("name", "mode"),
        tip("percentile", "percentile", ".4~g"),
        tip("value", "ms", ".3~g"),
        tip("low", "from", ".3~g"),
        tip("high", "to", ".3~g"),
    ]
    return panel(
        layer(data, "area", where=KNOWN, look={"opacity": 0.16}, x=x, y=q("low"), y2=to("high"), color=colour),
        layer(data, "line", look={"strokeWidth": 2}, x=x, y=y, color=colour, strokeDash=theme.dashes(labels)),
        layer(data, "point", where="indexof([50, 90, 99, 99.9, 99.99], datum.percentile) >= 0",
              look={"size": 60, "strokeWidth": 2, "opacity": 1}, x=x, y=y, color=colour,
              shape=theme.shapes(labels, legend=True), fill=theme.fills(labels), tooltip=tips),
        height=340,
    )  # fmt: skip


def _table(found: Response, labels: Sequence[str]) -> Table:
    asked = sorted({point.percentile for point in found.headline})
    points = {(point.label, point.percentile): point for point in found.headline}
    parts = {part.label: part for part in found.parts}
    cells = []
    for label in labels:
        part = parts.get(label)
        cells.append(
            [
                label_words(label),
                *(_cell(points.get((label, asking))) for asking in asked),
                number(part.service_p50_ms if part else None),
                number(part.queue_mean_ms if part else None),
            ]
        )
    titles = ["Mode", *(f"p{asking:g}, ms" for asking in asked), "Service time, median ms", "Queueing, mean ms"]
    return Table("Response time in milliseconds, with 95 % intervals", columns(*titles, words="Mode"), cells)


def _cell(point: Point | None) -> str:
    if point is None:
        return "—"
    if point.low is None:
        return number(point.value)
    return f"{number(point.value)} [{number(point.low)}, {number(point.high)}]"


def _title(headline: Sequence[Point], labels: Sequence[str]) -> str:
    medians = [p for p in headline if p.percentile == 50 and not label_words(p.label).endswith("(again)")]
    if not medians:
        return "Response time by percentile"
    if len(medians) == 1:
        return f"Half of {coded(labels[0])}’s requests were answered within {number(medians[0].value)} ms"
    least, most = min(medians, key=lambda p: p.value or 0), max(medians, key=lambda p: p.value or 0)
    return (
        f"Median response time: {number(least.value)} ms with {coded(least.label)}, "
        f"{number(most.value)} ms with {coded(most.label)}"
    )


def _listing(headline: Sequence[Point], labels: Sequence[str]) -> str:
    said = []
    for label in labels:
        points = [f"p{point.percentile:g} {number(point.value)} ms" for point in headline if point.label == label]
        said.append(f"{label_words(label)}: {', '.join(points)}.")
    return " ".join(said)


def _notes(setup: Setup) -> list[str]:
    refusing = [coded(row.label) for row in setup.refusals if row.failed > 0.05 * row.requests]
    if not refusing:
        return []
    return [
        f"{', '.join(refusing)}: many of the answers counted here are refusals or errors, which cost less or more than "
        "an answer that was served."
    ]
