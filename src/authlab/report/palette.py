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
    """Colour, point shape (a Vega symbol) and line dash of a mode; the A/A twin is drawn hollow."""

    colour: str
    shape: str
    dash: tuple[int, ...] = (1, 0)
    hollow: bool = False


_SOLID: Final = (1, 0)
_FIXED: Final = {
    "none": Look("#7c7f86", "circle"),
    "memory": Look("#d55e00", "cross"),
    "sticky": Look("#009371", "square"),
    "redis": Look("#b8549a", "diamond"),
    "jwt": Look("#1478bd", "triangle-up"),
    "ip-hash": Look("#5b8a1f", "square", (6, 2)),
    "hash": Look("#3f8c5a", "square", (3, 2)),
    "consistent-hash": Look("#2f8a8f", "square", (8, 3)),
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

PARTS: Final = {"proxy": "#5d7fa8", "workers": "#ad7a1c", "store": "#94558a"}
"""Colours of the parts of a stack, in the order in which they are stacked."""


def look(label: str) -> Look:
    """The look of a label. A mode of a user's own gets one from its name: the same in each of their reports."""
    mode = mode_of(label)
    found = _FIXED.get(mode)
    if found is None:
        code = zlib.crc32(mode.encode())
        found = Look(
            _SPARE[code % len(_SPARE)],
            _SHAPES[code // len(_SPARE) % len(_SHAPES)],
            _DASHES[code // 64 % len(_DASHES)],
        )
    if label.endswith(AGAIN):
        return Look(found.colour, found.shape, (2, 2), hollow=True)
    return found
