"""What all charts share: type, axes, colours of ink and paper, and the width of their label column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import altair as alt

from authlab.report.palette import look
from authlab.report.words import label_words

Layered = alt.LayerChart | alt.FacetChart
"""What altair says that layers with properties are."""

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
RIGHT_PAD: Final = 32
ROOM: Final = 12
"""Pixels between the label column and the plot: a mark at 0 must not touch its label."""

MS_PAD: Final = 54
"""Width of an axis of milliseconds."""

ROW: Final = 34
"""Height in pixels of a mode's row."""

PAGE_TONES: Final = {name: f"var(--{name})" for name in ("ink", "muted", "rule", "grid", "panel")}
"""On the page charts take their ink from CSS: the theme changes, and paper stays light, without drawing anew."""

FILE_TONES: Final = {
    "ink": "#1d1f23",
    "muted": "#565a61",
    "rule": "#8b8f96",
    "grid": "#e4e2dc",
    "panel": "#ffffff",
}
"""A downloaded picture stands alone: light, in fixed colours."""


def config(tones: dict[str, str], background: str | None) -> dict[str, Any]:
    """Vega-Lite configuration in the given tones."""
    text = {"labelColor": tones["ink"], "titleColor": tones["muted"], "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": background,
        "font": FONT,
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            **text,
            "titleFontWeight": "normal",
            "domainColor": tones["rule"],
            "tickColor": tones["rule"],
            "gridColor": tones["grid"],
            "labelOverlap": True,
            "labelFlush": False,
            "labelPadding": 5,
            "titlePadding": 8,
        },
        "legend": {**text, "title": None, "orient": "top", "symbolSize": 90, "symbolOpacity": 1,
                   "columnPadding": 14, "offset": 8},
        "title": {"color": tones["ink"], "subtitleColor": tones["muted"], "fontSize": 13, "fontWeight": 600,
                  "anchor": "start", "frame": "bounds", "offset": 6},
        "rule": {"color": tones["ink"]},
        "text": {"color": tones["ink"], "fontSize": 12},
        "style": {"ink": {"stroke": tones["ink"], "color": tones["ink"]},
                  "ghost": {"stroke": tones["muted"], "color": tones["muted"]},
                  "split": {"stroke": tones["panel"], "strokeWidth": 1}},
    }  # fmt: skip


class _Rows:
    """Rows that altair hands through as they are: it would copy a list cell by cell, again in every layer."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows = list(rows)


def data(rows: Sequence[dict[str, Any]]) -> Any:
    """Rows as inline data of a chart."""
    return {"values": _Rows(rows)}


def named(rows: Iterable[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    """Rows with `name`: their label as it is written in charts."""
    return [{**row, "name": label_words(row["label"]), **more} for row in rows]


def label_pad(labels: Iterable[str]) -> int:
    """Pixels that the longest of these labels needs left of the axis."""
    longest = max((len(label_words(label)) for label in labels), default=4)
    return min(160, max(64, 8 * longest + 12)) + ROOM


def names_axis(labels: Sequence[str]) -> alt.Y:
    """The rows of a chart: one per label, in their order."""
    pad = label_pad(labels) - ROOM
    axis = alt.Axis(
        title=None,
        domain=False,
        ticks=False,
        offset=ROOM,
        minExtent=pad,
        maxExtent=pad,
        labelLimit=pad - 6,
        labelFontSize=13,
    )
    return alt.Y("name:N", sort=[label_words(label) for label in labels], axis=axis)


def ms_axis(ends: tuple[float, float], *, most: int = 9, grid: bool = True) -> alt.Axis:
    """An axis of milliseconds for a logarithmic scale that reaches from the one end to the other."""
    return alt.Axis(
        title=None,
        values=log_ticks(ends, most),
        minExtent=MS_PAD,
        maxExtent=MS_PAD,
        grid=grid,
        labelExpr="format(datum.value, '~g') + ' ms'",
    )


def log_ticks(ends: tuple[float, float], most: int) -> list[float]:
    """At most `most` round numbers between the ends: 1, 2, 5, 10 … if they fit, else 1, 3, 10 …, else decades."""
    low, high = math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1]))
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{step}e{power}") for power in range(low, high + 1) for step in steps]
        inside = [tick for tick in ticks if ends[0] <= tick <= ends[1]]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]


def colours(labels: Sequence[str], *, legend: bool = False) -> alt.Color:
    """The labels' own colours."""
    scale = alt.Scale(domain=[label_words(x) for x in labels], range=[look(x).colour for x in labels])
    return alt.Color("name:N", scale=scale, legend=alt.Legend() if legend else None)


def shapes(labels: Sequence[str], *, legend: bool = False) -> alt.Shape:
    """The labels' own point shapes."""
    scale = alt.Scale(domain=[label_words(x) for x in labels], range=[look(x).shape for x in labels])
    return alt.Shape("name:N", scale=scale, legend=alt.Legend() if legend else None)


def dashes(labels: Sequence[str]) -> alt.StrokeDash:
    """The labels' own line dashes."""
    scale = alt.Scale(domain=[label_words(x) for x in labels], range=[list(look(x).dash) for x in labels])
    return alt.StrokeDash("name:N", scale=scale, legend=alt.Legend())


def to_spec(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The chart's specification, without altair's own theme (the page gives the configuration)."""
    spec: dict[str, Any] = chart.to_dict(validate=False)
    for extra in ("config", "$schema"):
        spec.pop(extra, None)
    unwrapped: dict[str, Any] = _unwrapped(spec)
    return unwrapped


def _unwrapped(part: Any) -> Any:
    """A specification with the rows in place of their wrappers."""
    if isinstance(part, _Rows):
        return part.rows
    if isinstance(part, dict):
        return {key: _unwrapped(value) for key, value in part.items()}
    return [_unwrapped(item) for item in part] if isinstance(part, list) else part


def height_of(spec: dict[str, Any]) -> int:
    """Pixels that a chart will need, about: room is kept for it while it is being drawn."""
    views = spec.get("vconcat", [spec])
    return int(sum(view.get("height", 200) + 22 for view in views) + spec.get("spacing", 0) * (len(views) - 1) + 50)
