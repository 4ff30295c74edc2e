"""A claim's predictions beside what was measured, as a drawing the size of a few words: no script draws it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from authlab.report.cards import Card, CardRow
from authlab.report.words import NBSP, tidy

_WIDE: Final = 150
_ROW: Final = 9
_MOST: Final = 9
_SQUARE: Final = 7
_PER_LINE: Final = 21
_KNOWN: Final = ("confirmed", "refuted", "inconclusive")


def glimpse(card: Card) -> str:
    """SVG: a line per prediction with a value, on the band of its margin; of questions, a square each. May be empty."""
    if card.yes_no:
        marks, high = list(_squares(card)), (len(card.rows) - 1) // _PER_LINE * _SQUARE + _SQUARE
    else:
        rows = [row for row in card.rows if row.judgement and row.judgement.observation][:_MOST]
        marks = [mark for place, row in enumerate(rows) for mark in _line(row, place * _ROW + _ROW / 2)]
        high = len(rows) * _ROW
    if not marks:
        return ""
    met = sum(row.verdict == "confirmed" for row in card.rows)
    return (
        f'<svg class="glimpse" viewBox="0 0 {_WIDE} {high}" width="{_WIDE}" height="{high}" role="img" '
        f'aria-label="{met} of {len(card.rows)} predictions confirmed">{"".join(marks)}</svg>'
    )


def _squares(card: Card) -> Iterator[str]:
    for place, row in enumerate(card.rows):
        x, y = place % _PER_LINE * _SQUARE, place // _PER_LINE * _SQUARE
        yield f'<rect class="{_kind(row)}" x="{x}" y="{y}" width="{_SQUARE - 2}" height="{_SQUARE - 2}"/>'


def _line(row: CardRow, y: float) -> Iterator[str]:
    """Band, whisker and point of one prediction, on a scale of its own that begins at 0."""
    seen = row.judgement.observation if row.judgement else None
    if seen is None or seen.value is None:
        return
    wanted, margin = row.prediction.value, row.prediction.margin
    ends = [seen.value, *(seen.interval or ()), *(() if wanted is None else (wanted - margin, wanted + margin))]
    low, high = min(0.0, *ends), max(ends)
    high = max(high, 1.0) if seen.unit == "share" else high
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return float(round(4 + (value - low) / span * (_WIDE - 8), 1))

    words = tidy(f"{row.who}, {row.quantity}: predicted {row.predicted}, measured {row.measured}").replace(NBSP, " ")
    yield f'<g class="{_kind(row)}"><title>{escape(words)}</title><path class="base" d="M4 {y}H{_WIDE - 4}"/>'
    if wanted is not None:
        left, right = x(max(low, wanted - margin)), x(wanted + margin)
        yield f'<rect class="band" x="{left}" y="{y - 3.5}" width="{max(2.0, round(right - left, 1))}" height="7"/>'
    if seen.interval:
        yield f'<path d="M{x(seen.interval[0])} {y}H{x(seen.interval[1])}"/>'
    yield f'<circle cx="{x(seen.value)}" cy="{y}" r="2.6"/></g>'


def _kind(row: CardRow) -> str:
    return row.verdict if row.verdict in _KNOWN else "nothing"
