"""A comparison as one self-contained page."""

from __future__ import annotations

from typing import Any

from authlab.report.charts.effects import effect_cells, effects_figure
from authlab.report.compare.margins import VERDICTS, Margins
from authlab.report.figure import Figure
from authlab.report.page import render_page
from authlab.report.words import NBSP, count, label_words


def render_comparison_html(comparison: dict[str, Any]) -> str:
    """The page of compare.json: what differs in circumstances first, then what was refused, then the effects."""
    figures = effect_figures(comparison)
    values = {
        "comparison": comparison,
        "keys": [run["key"] for run in comparison["runs"]],
        "figures": figures,
        "margin": margin_words(comparison),
        "rows": _rows(comparison),
    }
    name = "-vs-".join(run["id"] for run in comparison["runs"])
    title = comparison_title(comparison)
    return render_page("compare.html.j2", title, name, {f"c-{f.id}": f for f in figures}, values)


def effect_figures(comparison: dict[str, Any]) -> list[Figure]:
    """One figure per quantity, on the margin's band."""
    keys, margins = [run["key"] for run in comparison["runs"]], Margins(**comparison["margins"])
    return [effects_figure(quantity, keys, margins.ends(quantity["kind"])) for quantity in comparison["quantities"]]


def comparison_title(comparison: dict[str, Any]) -> str:
    """What the comparison came to, in one line, of what is part of its verdict."""
    runs = f"{len(comparison['runs'])} runs"
    labels = {word: _labels(comparison, word) for word in ("worse", "better")}
    said = [f"{word} with {', '.join(held)}" for word, held in labels.items() if held]
    if said:
        return f"{runs}: {'; '.join(said)}"
    if comparison["verdict"]["value"] == "inconclusive":
        counts = comparison["verdict"]["counts"]
        return f"{runs}: {counts['inconclusive']} of {sum(counts.values())} comparisons are inconclusive, none is worse"
    return f"{runs}: the same within {_hundredths(comparison['margins']['ratio'])}{NBSP}%"


def margin_words(comparison: dict[str, Any]) -> str:
    """The margins and how many effects came to what, in two sentences."""
    margins, counts = comparison["margins"], comparison["verdict"]["counts"]
    held = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts[word])
    total = count(sum(counts.values()), "comparison")
    times, shares = _hundredths(margins["ratio"]), _hundredths(margins["share"])
    return (
        f"Times and CPU count as the same within {times}{NBSP}%, shares within {shares}{NBSP}points: `same` if the "
        "whole 95 % interval lies within the margin, `worse` or `better` if it lies wholly outside, else "
        f"`inconclusive`. Of {total}: {held}."
    )


def _hundredths(share: float) -> str:
    return f"{share * 100:g}"


def _labels(comparison: dict[str, Any], verdict: str) -> list[str]:
    return list(
        dict.fromkeys(
            label_words(row["label"])
            for quantity in comparison["quantities"]
            if quantity["counts"]
            for row in quantity["rows"]
            for effect in row["effects"]
            if effect["verdict"] == verdict
        )
    )


def _rows(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """The effects that are part of the verdict, mode by mode."""
    found = [
        {
            "label": row["label"],
            "who": label_words(row["label"]) + (f", N{NBSP}={NBSP}{row['workers']}" if row["workers"] else ""),
            "key": effect["key"],
            "quantity": quantity["title"],
            "effect": effect_cells(quantity, effect)[0],
            "verdict": effect["verdict"],
            "reasons": effect["reasons"],
        }
        for quantity in comparison["quantities"]
        if quantity["counts"]
        for row in quantity["rows"]
        for effect in row["effects"]
    ]
    order = {who: place for place, who in enumerate(dict.fromkeys(row["who"] for row in found))}
    return sorted(found, key=lambda row: (order[row["who"]], row["key"]))
