"""How each mode looks: one colour, one shape and one dash, the same in every chart and every report.

A mode declares its look (`model/modes.py`). Here are the looks of what declares none: modes of the user's own, and arms
that say more than their mode.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Final

from authlab.model.mode import Look
from authlab.model.modes import MODES
from authlab.model.windows import AGAIN, mode_of

_SOLID: Final = (1, 0)
_PATHS: Final = {
    "star": "M0,-1L0.3,-0.3L1,0L0.3,0.3L0,1L-0.3,0.3L-1,0L-0.3,-0.3Z",
    "pentagon": "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z",
    "hexagon": "M-0.5,-0.87L0.5,-0.87L1,0L0.5,0.87L-0.5,0.87L-1,0Z",
    "kite": "M0,-1L0.65,-0.3L0,1L-0.65,-0.3Z",
    "bow-tie": "M-0.9,-0.8L0,-0.2L0.9,-0.8L0.9,0.8L0,0.2L-0.9,0.8Z",
}
"""Shapes that Vega has no symbol for, as paths within ±1."""

_SPARE: Final = ("#a37412", "#5f69cf", "#b4503f", "#2f8a8f", "#6f8a1f", "#9457c4", "#b35c7e", "#84754f")
_SHAPES: Final = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross")
_DASHES: Final = (_SOLID, (6, 2), (3, 2), (8, 3))

MODE_ORDER: Final = tuple(label for mode in MODES for label in (mode, mode + AGAIN))
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
    """The look of a label; its shape is a Vega symbol or a path.

    A mode of a user's own gets one from its name: the same in each of their reports. An arm that says more than its
    mode ("redis-aof") has its mode's colour, and a shape and dash of its own.
    """
    mode = mode_of(label)
    found = _declared(mode)
    if found is None:
        base = _mode_within(mode)
        found = _spare(mode) if base is None else _varied(base, mode)
    found = replace(found, shape=_PATHS.get(found.shape, found.shape))
    return replace(found, dash=(2, 2), hollow=True) if label.endswith(AGAIN) else found


def _declared(mode: str) -> Look | None:
    return MODES[mode].look if mode in MODES else None


def _spare(mode: str) -> Look:
    code = zlib.crc32(mode.encode())
    return Look(
        _SPARE[code % len(_SPARE)],
        _SHAPES[code // len(_SPARE) % len(_SHAPES)],
        _DASHES[code // 64 % len(_DASHES)],
    )


def _mode_within(label: str) -> Look | None:
    """The look of the longest mode's name that the label begins with, up to a hyphen."""
    words = label.split("-")
    starts = ("-".join(words[:count]) for count in range(len(words) - 1, 0, -1))
    return next(filter(None, map(_declared, starts)), None)


def _varied(base: Look, label: str) -> Look:
    """The same colour, so that the mode is seen; never the same shape and dash, so that the arms are told apart."""
    code = zlib.crc32(label.encode())
    shapes = [shape for shape in _SHAPES if shape != base.shape]
    dashes = [dash for dash in _DASHES if dash != base.dash]
    return Look(base.colour, shapes[code % len(shapes)], dashes[code // 8 % len(dashes)])
