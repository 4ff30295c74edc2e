"""A comparison as one self-contained page."""

from __future__ import annotations

from typing import Any

from authlab.report.charts.effects import effects_figure
from authlab.report.page import render_page
from authlab.report.words import label_words


def render_comparison_html(comparison: dict[str, Any]) -> str:
    """The page of compare.json: what differs in circumstances first, then what was refused, then the effects."""
    keys = [run["key"] for run in comparison["runs"]]
    figures = [effects_figure(quantity, keys) for quantity in comparison["quantities"]]
    title = comparison_title(comparison)
    values = {"comparison": comparison, "keys": keys, "figures": figures}
    name = "-vs-".join(run["id"] for run in comparison["runs"])
    return render_page("compare.html.j2", title, name, {f"c-{f.id}": f for f in figures}, values)


def comparison_title(comparison: dict[str, Any]) -> str:
    """What the comparison came to, in one line.

    Where ratios to `none` were compared, absolute times don't count here: they also tell what changed on the
    machine between the runs.
    """
    quantities = comparison["quantities"]
    relative = [q for q in quantities if q["quantity"].endswith("_to_none") or q["kind"] == "difference"]
    if any(q["kind"] == "ratio" for q in relative):
        quantities = relative
    words = [
        (label_words(row["label"]), effect["word"])
        for quantity in quantities
        for row in quantity["rows"]
        for effect in row["effects"]
    ]
    count = len(comparison["runs"])
    differ = list(dict.fromkeys(label for label, word in words if word == "differs"))
    if not differ:
        return f"{count} runs, no difference seen"
    return f"{count} runs differ in {', '.join(differ)}"
