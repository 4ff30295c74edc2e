"""A comparison as Markdown, for a pull request."""

from __future__ import annotations

from authlab.report.compare.comparison import Comparison
from authlab.report.compare.figures import effect_figures
from authlab.report.compare.page import comparison_title, margin_words, open_reasons
from authlab.report.markdown import escape, figure_table, prose, table
from authlab.report.words import whole


def render_comparison_markdown(comparison: Comparison) -> str:
    """The Markdown of a comparison."""
    lines = [f"# {escape(comparison_title(comparison))}", ""]
    lines += table(
        ("Run", "Id", "Begun", "Status", "Requests"),
        [(run.key, escape(run.id), escape(run.started_at), run.status, whole(run.requests)) for run in comparison.runs],
    )
    lines += ["## What differs in circumstances", ""]
    if comparison.circumstances:
        rows = [(escape(item.of), escape(item.what), *map(escape, item.values)) for item in comparison.circumstances]
        lines += table(("Of", "What", *comparison.keys), rows)
    else:
        lines += ["Nothing that was recorded.", ""]
    if comparison.refused:
        lines += ["## Not compared", ""]
        lines += [f"- {escape(item.title)}: {escape('; '.join(item.why))}" for item in comparison.refused]
        lines += [""]
    lines += ["## Verdict", ""]
    if reasons := open_reasons(comparison):
        lines += ["Inconclusive because:", "", *(f"- {prose(reason)}" for reason in reasons), ""]
    lines += [prose(margin_words(comparison)), ""]
    for held, figure in zip(comparison.quantities, effect_figures(comparison), strict=True):
        notes = [f"- {prose(note)}" for note in figure.notes]
        lines += [f"## {escape(held.title)}", "", *figure_table(figure), *notes, *([""] if notes else [])]
    lines += ["## With care", "", *(f"- {prose(text)}" for text in comparison.cautions), ""]
    return "\n".join(lines).rstrip() + "\n"
