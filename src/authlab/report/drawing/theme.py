"""What all charts share: type, axes, colours of ink and paper, and the width of their label column."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from authlab.report.drawing.marks import Spec, n
from authlab.report.palette import look
from authlab.report.words import label_words

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


def config(tones: dict[str, str], background: str | None) -> Spec:
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


def label_pad(labels: Iterable[str]) -> int:
    """Pixels that the longest of these labels needs left of the axis."""
    longest = max((len(label_words(label)) for label in labels), default=4)
    return min(160, max(64, 8 * longest + 12)) + ROOM


def side_pad(labels: Iterable[str]) -> int:
    """Pixels beside a plot with these labels at its left."""
    return label_pad(labels) + RIGHT_PAD


def names_axis(labels: Sequence[str]) -> Spec:
    """The rows of a chart: one per label, in their order."""
    pad = label_pad(labels) - ROOM
    axis = {
        "title": None,
        "domain": False,
        "ticks": False,
        "offset": ROOM,
        **held(pad),
        "labelLimit": pad - 6,
        "labelFontSize": 13,
    }
    return n("name", sort=[label_words(label) for label in labels], axis=axis)


def held(pad: int) -> Spec:
    """An axis that takes so many pixels, whatever its labels."""
    return {"minExtent": pad, "maxExtent": pad}


def ms_axis(ends: tuple[float, float], *, most: int = 9, grid: bool = True) -> Spec:
    """An axis of milliseconds for a logarithmic scale that reaches from the one end to the other."""
    return {
        "title": None,
        "values": log_ticks(ends, most),
        **held(MS_PAD),
        "grid": grid,
        "labelExpr": "format(datum.value, '~g') + ' ms'",
    }


def log_ticks(ends: tuple[float, float], most: int) -> list[float]:
    """At most `most` round numbers between the ends: 1, 2, 5, 10 … if they fit, else 1, 3, 10 …, else decades."""
    low, high = math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1]))
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{step}e{power}") for power in range(low, high + 1) for step in steps]
        inside = [tick for tick in ticks if ends[0] <= tick <= ends[1]]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]


def colours(labels: Sequence[str], *, legend: bool = False) -> Spec:
    """The labels' own colours."""
    return _scaled(labels, [look(label).colour for label in labels], legend)


def shapes(labels: Sequence[str], *, legend: bool = False) -> Spec:
    """The labels' own point shapes."""
    return _scaled(labels, [look(label).shape for label in labels], legend)


def dashes(labels: Sequence[str]) -> Spec:
    """The labels' own line dashes."""
    return _scaled(labels, [list(look(label).dash) for label in labels], legend=True)


def fills(labels: Sequence[str]) -> Spec:
    """The labels' own colours inside of points; the A/A twin is hollow."""
    inside = ["transparent" if look(label).hollow else look(label).colour for label in labels]
    return _scaled(labels, inside, legend=True)


def _scaled(labels: Sequence[str], held: list[str] | list[list[int]], legend: bool) -> Spec:
    scale = {"domain": [label_words(label) for label in labels], "range": held}
    return n("name", scale=scale, legend={} if legend else None)
