"""A comparison as Markdown, for a pull request."""

from __future__ import annotations

from typing import Any

from authlab.report.charts.effects import effect_cells, notes_of
from authlab.report.compare.page import comparison_title, margin_words
from authlab.report.markdown import escape, prose, table
from authlab.report.words import label_words, measured, whole


def render_comparison_markdown(comparison: dict[str, Any]) -> str:
    """The Markdown of compare.json."""
    keys = [run["key"] for run in comparison["runs"]]
    lines = [f"# {escape(comparison_title(comparison))}", ""]
    lines += table(
        ("Run", "Id", "Begun", "Status", "Requests"),
        [
            (run["key"], escape(run["id"]), escape(run["started_at"]), run["status"], whole(run["requests"]))
            for run in comparison["runs"]
        ],
    )
    lines += ["## What differs in circumstances", ""]
    if comparison["circumstances"]:
        rows = [
            (escape(item["of"]), escape(item["what"]), *(escape(value) for value in item["values"]))
            for item in comparison["circumstances"]
        ]
        lines += table(("Of", "What", *keys), rows)
    else:
        lines += ["Nothing that was recorded.", ""]
    if comparison["refused"]:
        lines += ["## Not compared", ""]
        lines += [f"- {escape(item['title'])}: {escape('; '.join(item['why']))}" for item in comparison["refused"]]
        lines += [""]
    lines += ["## Verdict", "", prose(margin_words(comparison)), ""]
    for quantity in comparison["quantities"]:
        lines += _quantity(quantity, keys)
    lines += ["## With care", "", *(f"- {prose(text)}" for text in comparison["cautions"]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _quantity(quantity: dict[str, Any], keys: list[str]) -> list[str]:
    heads = ["Mode", "Workers", *keys]
    for key in keys[1:]:
        heads += [f"{key} against {keys[0]}", "Verdict"]
    rows = []
    for row in quantity["rows"]:
        by_key = {effect["key"]: effect for effect in row["effects"]}
        cells = [escape(label_words(row["label"])), str(row["workers"] or "—")]
        for run in row["runs"]:
            interval = None if run["low"] is None else (run["low"], run["high"])
            cells.append(escape(measured(run["value"], interval, quantity["unit"])))
        for key in keys[1:]:
            cells += [escape(cell) for cell in effect_cells(quantity, by_key.get(key))]
        rows.append(tuple(cells))
    notes = [f"- {prose(note)}" for note in notes_of(quantity)]
    return [f"## {escape(quantity['title'])}", "", *table(heads, rows), *notes, *([""] if notes else [])]
