"""A report in a few plain lines, for the end of a run in a terminal."""

from __future__ import annotations

from typing import Any

from authlab.report.compare.assemble import COMPARISON_SCHEMA
from authlab.report.compare.page import comparison_title, effect_figures, margin_words
from authlab.report.facts import standfirst
from authlab.report.page import plain
from authlab.report.verdicts import cards_of
from authlab.report.words import NBSP


def summary_lines(report: dict[str, Any]) -> list[str]:
    """What a report or a comparison came to.

    Of a report: verdicts, each prediction that was not confirmed, the findings. Of a comparison: the runs, what
    differs in their circumstances, what was not compared, and the effects.
    """
    if report["schema"] == COMPARISON_SCHEMA:
        return _comparison(report)
    lines = []
    for card in cards_of(report):
        lines.append(f"{card['verdict'] or 'not judged'}: {card['claim']} ({card['id']})")
        lines.append(f"  {plain(card['summary'])}")
        for row in card["rows"]:
            if row["verdict"] in ("refuted", "inconclusive"):
                said = f"  {row['verdict']}: {row['who']}, {row['quantity'].lower()}: {row['measured']}"
                lines.append(f"{said}; predicted: {row['predicted']}")
    if found := standfirst(report):
        lines.append(plain(found))
    if report["run"]["status"] != "finished" and report["limits"]:
        lines.append(plain(report["limits"][0]))
    return [line.replace(NBSP, " ") for line in lines]


def _comparison(comparison: dict[str, Any]) -> list[str]:
    lines = [f"{run['key']}: {run['id']} ({run['status']})" for run in comparison["runs"]]
    lines += [f"differs: {item['what']}: {' | '.join(item['values'])}" for item in comparison["circumstances"]]
    lines += [f"not compared: {item['title']}: {'; '.join(item['why'])}" for item in comparison["refused"]]
    lines += [plain(figure.title) for figure in effect_figures(comparison)]
    lines += [plain(margin_words(comparison))]
    return [line.replace(NBSP, " ") for line in (comparison_title(comparison), *lines)]
