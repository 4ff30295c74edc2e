"""A report in a few plain lines, for the end of a run in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from authlab.report.compare.comparison import Comparison
from authlab.report.compare.figures import effect_figures
from authlab.report.compare.page import comparison_title, margin_words, open_reasons
from authlab.report.facts import standfirst
from authlab.report.limits import limits_of
from authlab.report.page import plain
from authlab.report.report import Report
from authlab.report.words import NBSP, sentence


def summary_lines(found: Report | Comparison) -> list[str]:
    """What a report or a comparison came to.

    Of a report: verdicts, the reasons before the numbers, each prediction that was not confirmed, the findings. Of a
    comparison: why it is inconclusive, the runs, what differs in their circumstances, what was not compared, effects.
    """
    lines = _comparison(found) if isinstance(found, Comparison) else _report(found)
    return [plain(line).replace(NBSP, " ") for line in lines]


def _report(report: Report) -> Iterator[str]:
    for card in report.cards:
        yield f"{card.verdict}: {card.claim} ({card.id})"
        yield from (f"  because: {reason}" for reason in card.why)
        yield from (f"  doubt: {doubt}" for doubt in card.doubts)
        yield f"  {card.summary}"
        for row in card.rows:
            if row.verdict in ("refuted", "inconclusive"):
                # One reason for everything is said once, above.
                why = () if tuple(map(sentence, card.why)) == row.reasons else row.reasons
                said = "; ".join([*why, f"{row.measured}; predicted: {row.predicted}"])
                yield f"  {row.verdict}: {row.who}, {row.quantity.lower()}: {said}"
    if found := standfirst(report):
        yield found
    if report.run.status != "finished":
        yield from limits_of(report)[:1]


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield comparison_title(comparison)
    yield from (f"because: {reason}" for reason in open_reasons(comparison))
    for run in comparison.runs:
        yield f"{run.key}: {run.id} ({run.status})"
    for differs in comparison.circumstances:
        yield f"differs: {differs.what}: {' | '.join(differs.values)}"
    for refused in comparison.refused:
        yield f"not compared: {refused.title}: {'; '.join(refused.why)}"
    for figure in effect_figures(comparison):
        yield figure.title
    yield margin_words(comparison)
