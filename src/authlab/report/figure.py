"""A figure of the report: what was found, how to read it, its data as a table, and its drawing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlab.report.drawing.marks import Spec
from authlab.report.words import NBSP, tidy

_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![\d.]+( |$))")
"""A leading = or @, or a sign before anything but a number: a spreadsheet would run it."""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and whether its cells are numbers (set right, figures of one width)."""

    title: str
    numeric: bool = True


def columns(*titles: str, words: str = "") -> tuple[Column, ...]:
    """Columns with these headings; those named in `words`, parted by commas, hold text."""
    texts = {word.strip() for word in words.split(",")}
    return tuple(Column(title, numeric=title not in texts) for title in titles)


@dataclass(frozen=True)
class Table:
    """A table as text; the first cell of each row is its heading."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]

    def csv(self) -> str:
        """The table as CSV (RFC 4180, with single line feeds), safe to open in a spreadsheet."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_safe(column.title) for column in self.columns)
        writer.writerows([_safe(cell) for cell in row] for row in self.rows)
        return text.getvalue()


def _safe(cell: str) -> str:
    flat = re.sub(r"[\n\r]", " ", tidy(cell)).replace(NBSP, " ")
    return f"'{flat}" if _FORMULA.match(flat) else flat


@dataclass(frozen=True)
class Figure:
    """`title` says what was found, `reading` how the chart is read, `alt` what a listener needs of it.

    `data` are the values behind it, as report.json holds them under its id; empty where the setup holds them.
    `spec` is a Vega-Lite specification without a width, `pad` the pixels beside its plots (axis labels, margins):
    the page sets the width that is left. A figure without a spec is its table alone, which is then shown open.
    `steps` are what the chart shows one after the other, in words and numbered as in the chart.
    """

    id: str
    title: str
    reading: str
    table: Table
    alt: str = ""
    data: Any = ()
    spec: Spec | None = None
    pad: int = 0
    notes: Sequence[str] = ()
    steps: Sequence[str] = ()
