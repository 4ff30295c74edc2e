"""A comparison as one self-contained page."""

from __future__ import annotations

from authlab.report.compare.comparison import Comparison
from authlab.report.compare.figures import effect_figures
from authlab.report.compare.margins import VERDICTS
from authlab.report.compare.rows import Compared, Effect, Row
from authlab.report.page import Shown, render_page
from authlab.report.why import cause
from authlab.report.words import NBSP, count, inner, label_words


def render_comparison_html(comparison: Comparison) -> str:
    """The page: what differs in circumstances first, then what was refused, then the effects."""
    shown = [Shown(f"c-{figure.id}", figure) for figure in effect_figures(comparison)]
    values = {"comparison": comparison, "shown": shown, "margin": margin_words(comparison), "rows": _rows(comparison)}
    values["why"] = open_reasons(comparison)
    name = "-vs-".join(run.id for run in comparison.runs)
    return render_page("compare.html.j2", comparison_title(comparison), name, shown, values)


def comparison_title(comparison: Comparison) -> str:
    """What the comparison came to, in one line, of what is part of its verdict."""
    runs = f"{len(comparison.runs)} runs"
    labels = {word: _labels(comparison, word) for word in ("worse", "better")}
    said = [f"{word} with {', '.join(held)}" for word, held in labels.items() if held]
    if said:
        return f"{runs}: {'; '.join(said)}"
    if comparison.verdict.value == "inconclusive":
        counts = comparison.verdict.counts
        because = f", because {why}" if (why := cause(open_reasons(comparison))) else ""
        return (
            f"{runs}: {counts['inconclusive']} of {sum(counts.values())} comparisons are inconclusive{because}; "
            "none is worse"
        )
    return f"{runs}: the same within {_hundredths(comparison.margins.ratio)}{NBSP}%"


def open_reasons(comparison: Comparison) -> list[str]:
    """Why comparisons that count are inconclusive, each reason once, with what it is about."""
    found: dict[str, list[str]] = {}
    for quantity, row, effect in _rows(comparison):
        for reason in effect.reasons if effect.verdict == "inconclusive" else ():
            found.setdefault(reason, []).append(f"{row.who}, {inner(quantity.title)}")
    for item in comparison.refused:
        for reason in item.why if item.counts else ():
            found.setdefault(reason, []).append(inner(item.title))
    return [f"{reason} ({_about(places)})" for reason, places in found.items()]


def _about(places: list[str]) -> str:
    more = len(places) - 1
    return f"{places[0]}, and {more} more" if more else places[0]


def margin_words(comparison: Comparison) -> str:
    """The margins and how many effects came to what, in two sentences."""
    counts = comparison.verdict.counts
    held = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts[word])
    total = count(sum(counts.values()), "comparison")
    times, shares = _hundredths(comparison.margins.ratio), _hundredths(comparison.margins.share)
    return (
        f"Times and CPU count as the same within {times}{NBSP}%, shares within {shares}{NBSP}points: `same` if the "
        "whole 95 % interval lies within the margin, `worse` or `better` if it lies wholly outside, else "
        f"`inconclusive`. Of {total}: {held}."
    )


def _hundredths(share: float) -> str:
    return f"{share * 100:g}"


def _labels(comparison: Comparison, verdict: str) -> list[str]:
    return list(dict.fromkeys(label_words(row.label) for _, row, e in _rows(comparison) if e.verdict == verdict))


def _rows(comparison: Comparison) -> list[tuple[Compared, Row, Effect]]:
    """The effects that are part of the verdict, mode by mode."""
    counting = [quantity for quantity in comparison.quantities if quantity.counts]
    found = [(quantity, row, effect) for quantity in counting for row in quantity.rows for effect in row.effects]
    order = {who: place for place, who in enumerate(dict.fromkeys(row.who for _, row, _ in found))}
    return sorted(found, key=lambda item: (order[item[1].who], item[2].key))
