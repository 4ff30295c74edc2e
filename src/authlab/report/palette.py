"""How each mode looks: one colour, one shape and one dash, the same in every chart and every report.

All colours lie in a band of luminance that keeps a contrast of 3:1 to both the light and the dark page, so that
a mode has one colour, not two. The first five follow Okabe and Ito (2008), made for colour-blind readers.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from authlab.model.windows import AGAIN, mode_of


@dataclass(frozen=True)
class Look:
    """Colour, point shape (a Vega symbol, or a path within ±1) and line dash of a mode; the A/A twin is hollow."""

    colour: str
    shape: str
    dash: tuple[int, ...] = (1, 0)
    hollow: bool = False


_SOLID: Final = (1, 0)
_STAR: Final = "M0,-1L0.3,-0.3L1,0L0.3,0.3L0,1L-0.3,0.3L-1,0L-0.3,-0.3Z"
_PENTAGON: Final = "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z"
_HEXAGON: Final = "M-0.5,-0.87L0.5,-0.87L1,0L0.5,0.87L-0.5,0.87L-1,0Z"
_FIXED: Final = {
    "none": Look("#7c7f86", "circle"),
    "memory": Look("#d55e00", "cross"),
    "sticky": Look("#009371", "square"),
    "redis": Look("#b8549a", "diamond"),
    "jwt": Look("#1478bd", "triangle-up"),
    "ip-hash": Look("#5b8a1f", _STAR, (6, 2)),
    "hash": Look("#3f8c5a", _PENTAGON, (3, 2)),
    "consistent-hash": Look("#2f8a8f", _HEXAGON, (8, 3)),
    "redis-cached": Look("#a0559f", "diamond", (6, 2)),
    "signed-cookie": Look("#a37412", "triangle-down"),
    "jwt-rs256": Look("#4a72c8", "triangle-up", (6, 2)),
    "jwt-es256": Look("#5f69cf", "triangle-up", (3, 2)),
    "jwt-eddsa": Look("#6e64c9", "triangle-up", (8, 3)),
    "jwt-cookie": Look("#2b82a8", "triangle-left"),
    "jwt-denylist": Look("#7d62c0", "triangle-left", (6, 2)),
    "jwt-refresh": Look("#8a5fc0", "triangle-right"),
    "flask-session": Look("#c24d78", "diamond", (3, 2)),
    "flask-jwt-extended": Look("#3977d0", "triangle-right", (6, 2)),
}
_SPARE: Final = ("#a37412", "#5f69cf", "#b4503f", "#2f8a8f", "#6f8a1f", "#9457c4", "#b35c7e", "#84754f")
_SHAPES: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
_DASHES: Final = (_SOLID, (6, 2), (3, 2), (8, 3))

MODE_ORDER: Final = (
    *("none", "none-again", "memory", "sticky", "ip-hash", "hash", "consistent-hash"),
    *("redis", "jwt", "jwt-cookie"),
)
"""The order of the modes in every chart and table."""

PARTS: Final = {"proxy": "#5d7fa8", "workers": "#ad7a1c", "store": "#94558a"}
"""Colours of the parts of a stack, in the order in which they are stacked."""

OUTCOMES: Final = {
    "ok": "#009371",
    "auth": "#d55e00",
    "wrong": "#b4503f",
    "client": "#a37412",
    "server": "#b8549a",
    "proxy": "#7d62c0",
    "network": "#1478bd",
    "timeout": "#7c7f86",
}
"""Colours of what became of a request, in the order in which they are stacked."""

FAULT: Final = "#b4503f"
OTHER: Final = "#84754f"
"""An outcome that a scenario of the user's own made up."""


def look(label: str) -> Look:
    """The look of a label. A mode of a user's own gets one from its name: the same in each of their reports.

    An arm that says more than its mode ("redis-aof") has its mode's colour, and a shape and dash of its own.
    """
    mode = mode_of(label)
    found = _FIXED.get(mode)
    base = None if found else _mode_within(mode)
    if base is not None:
        found = _varied(base, mode)
    elif found is None:
        code = zlib.crc32(mode.encode())
        found = Look(
            _SPARE[code % len(_SPARE)],
            _SHAPES[code // len(_SPARE) % len(_SHAPES)],
            _DASHES[code // 64 % len(_DASHES)],
        )
    if label.endswith(AGAIN):
        return Look(found.colour, found.shape, (2, 2), hollow=True)
    return found


def _mode_within(label: str) -> Look | None:
    """The look of the longest mode's name that the label begins with, up to a hyphen."""
    words = label.split("-")
    starts = ("-".join(words[:count]) for count in range(len(words) - 1, 0, -1))
    return next((_FIXED[start] for start in starts if start in _FIXED), None)


def _varied(base: Look, label: str) -> Look:
    """The same colour, so that the mode is seen; never the same shape and dash, so that the arms are told apart."""
    code = zlib.crc32(label.encode())
    shapes = [shape for shape in _SHAPES if shape != base.shape]
    dashes = [dash for dash in _DASHES if dash != base.dash]
    return Look(base.colour, shapes[code % len(shapes)], dashes[code // 8 % len(dashes)])
