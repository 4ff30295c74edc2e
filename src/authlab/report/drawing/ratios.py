"""A logarithmic axis of ratios, labelled as changes in per cent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from authlab.report.drawing.marks import Spec, q

_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
_WIDE: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
MOST_TICKS: Final = 7


def ratio_axis(field: str, ends: Sequence[float], title: str) -> Spec:
    """An x axis that holds all `ends` and 1, with room for a text above the outermost."""
    low, high = min([*ends, 1.0]), max([*ends, 1.0])
    room = max((high / low) ** 0.09, 1.01)
    domain = (low / room, high * room)
    axis = {
        "title": title or None,
        "values": _ticks(domain),
        "labelExpr": "datum.value >= 3 ? '× ' + format(datum.value, '~g') : "
        "(datum.value < 1 ? '−' : datum.value > 1 ? '+' : '±') + format(abs(datum.value - 1) * 100, '.0f') + ' %'",
    }
    return q(field, scale={"type": "log", "domain": list(domain), "nice": False}, axis=axis)


def _ticks(domain: tuple[float, float]) -> list[float]:
    """The finest even steps around 1 that leave at most `MOST_TICKS`; far apart ends get 1, 2, 5, 10 …"""
    low, high = domain
    if high / low < 6:
        for step in _STEPS:
            first, last = math.ceil((low - 1) / step), math.floor((high - 1) / step)
            if last - first < MOST_TICKS:
                return [round(1 + step * k, 4) for k in range(first, last + 1)]
    inside = [tick for tick in _WIDE if low <= tick <= high]
    return inside[:: math.ceil(len(inside) / MOST_TICKS)] if inside else [1.0]
