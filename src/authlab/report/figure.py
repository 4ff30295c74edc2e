"""A figure of the report: chart, how to read it, and its data as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and whether its cells are numbers (set right, figures of one width)."""

    title: str
    numeric: bool = True


@dataclass(frozen=True)
class Table:
    """A table as text; the first cell of each row is its heading."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Figure:
    """`title` says what was found, `reading` how the chart is read, `alt` what a listener needs of it.

    `spec` is a Vega-Lite specification without a width, `pad` the pixels beside its plots (axis labels, margins):
    the page sets the width that is left. A figure without a spec is its table alone, which is then shown open.
    `steps` are what the chart shows one after the other, in words and numbered as in the chart.
    """

    id: str
    title: str
    reading: str
    alt: str
    table: Table
    spec: dict[str, Any] | None = None
    pad: int = 0
    notes: Sequence[str] = field(default=())
    steps: Sequence[str] = field(default=())
