"""A report in a few plain lines, for the end of a run in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from authlab.report.compare.comparison import Comparison
from authlab.report.compare.figures import effect_figures
from authlab.report.compare.page import comparison_title, margin_words
from authlab.report.facts import standfirst
from authlab.report.limits import limits_of
from authlab.report.page import plain
from authlab.report.report import Report
from authlab.report.words import NBSP


def summary_lines(found: Report | Comparison) -> list[str]:
    """What a report or a comparison came to.

    Of a report: verdicts, each prediction that was not confirmed with the reasons, the findings. Of a comparison: the
    runs, what differs in their circumstances, what was not compared, and the effects.
    """
    lines = _comparison(found) if isinstance(found, Comparison) else _report(found)
    return [plain(line).replace(NBSP, " ") for line in lines]


def _report(report: Report) -> Iterator[str]:
    for card in report.cards:
        yield f"{card.verdict}: {card.claim} ({card.id})"
        yield f"  {card.summary}"
        for row in card.rows:
            if row.verdict in ("refuted", "inconclusive"):
                said = f"  {row.verdict}: {row.who}, {row.quantity.lower()}: {row.measured}"
                yield "; ".join([f"{said}; predicted: {row.predicted}", *row.reasons])
    if found := standfirst(report):
        yield found
    if report.run.status != "finished":
        yield from limits_of(report)[:1]


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield comparison_title(comparison)
    for run in comparison.runs:
        yield f"{run.key}: {run.id} ({run.status})"
    for differs in comparison.circumstances:
        yield f"differs: {differs.what}: {' | '.join(differs.values)}"
    for refused in comparison.refused:
        yield f"not compared: {refused.title}: {'; '.join(refused.why)}"
    for figure in effect_figures(comparison):
        yield figure.title
    yield margin_words(comparison)
