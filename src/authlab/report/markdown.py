"""A report as Markdown for a pull request: verdicts, a table per experiment, circumstances, method."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from authlab.report.cards import Card
from authlab.report.estimates import Estimate
from authlab.report.facts import circumstances, command_line, facts, headline, standfirst
from authlab.report.figure import Figure
from authlab.report.limits import limits_of
from authlab.report.matrix import Cell, Matrix
from authlab.report.measures.response import Point
from authlab.report.method import method_of
from authlab.report.report import Part, Report
from authlab.report.setups import Experiment, Setup
from authlab.report.words import NBSP, change, label_words, measured, number, sentence, tidy, whole, workers

MARKS = {"confirmed": "✅ confirmed", "refuted": "❌ refuted", "inconclusive": "❔ inconclusive"}


def render_markdown(report: Report) -> str:
    """The Markdown of a report. Text of the run is escaped: it can't open a link, a table cell or HTML."""
    limits = limits_of(report)
    lines = [f"# {escape(headline(report))}", ""]
    if said := standfirst(report):
        lines += [prose(said), ""]
    lines += [" · ".join(f"{term} **{escape(value)}**" for term, value in facts(report)), ""]
    if report.run.status != "finished" and limits:
        lines += [f"> {prose(limits[0])}", ""]
    lines += _matrix(report.matrix)
    lines += ["## Verdicts", ""] if report.cards else []
    for card in report.cards:
        lines += _card(card)
    for part in report.parts:
        lines += _part(part)
    lines += _list("What this run can’t tell", [prose(limit) for limit in limits])
    lines += _list("How it was measured", [f"**{point.term}.** {prose(point.text)}" for point in method_of(report)])
    lines += _circumstances(report)
    return "\n".join(lines).rstrip() + "\n"


def escape(text: str) -> str:
    """Text as Markdown shows it literally, on one line."""
    flat = re.sub(r"\s*[\r\n]+\s*", " ", tidy(text))
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", flat)


def prose(text: str) -> str:
    """Prose with modes in backticks: those stay code, the rest is escaped."""
    parts = re.split(r"`([^`|<>\[\]\\\n]+)`", text)
    return "".join(f"`{part}`" if place % 2 else escape(part) for place, part in enumerate(parts))


def _card(card: Card) -> list[str]:
    lines = [f"### {_mark(card.verdict)}: {escape(card.claim)}", ""]
    lines += _reasons("Because", card.why) + _reasons("In doubt", card.doubts)
    lines += [prose(card.summary), ""]
    lines += [*(f"- {prose(reason)}" for reason in card.reasons), ""] if card.reasons else []
    if not card.rows:
        return lines
    heads = ("About", "Question", "Predicted", "Seen", "Verdict")
    if not card.yes_no:
        heads = ("Mode", "Quantity", "Predicted", "Measured, 95 % interval", "Verdict")
    rows = [
        (
            *map(escape, (row.who, row.quantity, row.predicted_whole, row.measured)),
            ": ".join(filter(None, (_mark(row.verdict), "; ".join(prose(reason) for reason in row.reasons)))),
        )
        for row in card.rows
    ]
    return [*lines, *table(heads, rows, numeric=(3,))]


def _reasons(title: str, reasons: Sequence[str]) -> list[str]:
    return [f"{title}:", "", *(f"- {prose(reason)}" for reason in reasons), ""] if reasons else []


def _mark(verdict: str) -> str:
    return MARKS.get(verdict, verdict)


def _matrix(matrix: Matrix | None) -> list[str]:
    if not matrix:
        return []
    heads = ("Place", *map(escape, matrix.columns))
    rows = [(f"`{_plain(row.place)}`", *(_cell(cell) for cell in row.cells)) for row in matrix.rows]
    return ["## The matrix", "", escape(matrix.reading), "", *table(heads, rows)]


def _cell(cell: Cell) -> str:
    said = [
        f"{escape(ask.question)}: **{ask.seen}**, predicted {ask.predicted}, {_mark(ask.verdict)}" for ask in cell.asks
    ]
    return "<br>".join(said) or "not asked"


def _part(part: Part) -> list[str]:
    """The main numbers of each stage, then the tables over all stages; what is long is folded away."""
    lines = []
    for setup, _ in part.of_setups:
        lines += _setup(part.experiment, setup)
    for figure in part.before:
        lines += [f"### {sentence(figure.id.replace('-', ' '))}", "", prose(figure.title), "", *figure_table(figure)]
    for setup, figures in part.of_setups:
        within = f" in {escape(setup.stage)}" if len(part.of_setups) > 1 else ""
        for figure in figures:
            if figure.steps:
                lines += [f"**{prose(figure.title)}{within}**", "", prose(figure.reading), ""]
                lines += [*(f"{place}. {escape(step)}" for place, step in enumerate(figure.steps, start=1)), ""]
            elif figure.id == "timeline":
                lines += _folded(f"{escape(figure.table.caption)}{within}", figure)
    for figure in part.after:
        # A pull request needs the tables above, a doubt needs this one.
        lines += _folded(escape(figure.title), figure)
    return lines


def _folded(summary: str, figure: Figure) -> list[str]:
    shown = summary.replace(NBSP, " ")
    return [f"<details><summary>{shown}</summary>", "", *figure_table(figure), "</details>", ""]


def figure_table(figure: Figure) -> list[str]:
    """A figure's table."""
    heads = figure.table.columns
    numeric = tuple(place for place, head in enumerate(heads) if head.numeric)
    rows = [tuple(escape(cell) for cell in row) for row in figure.table.rows]
    return table([escape(head.title) for head in heads], rows, numeric)


def _setup(experiment: Experiment, setup: Setup) -> list[str]:
    size = f", {workers(setup.workers)}" if setup.workers else ""
    size += f", {escape(setup.stage)}" if len(experiment.setups) > 1 and not experiment.by_workers else ""
    shares = {row.label: row for row in setup.refusals}
    costs = {row.label: row for row in setup.costs}
    points = {(point.label, point.percentile): point for point in setup.response.headline}
    ratios = {(section.quantity, row.label): row for section in setup.ratios for row in section.rows}
    asked = [q for q in (50.0, 99.0) if any(key[1] == q for key in points)]
    heads = ["Mode", "Requests", "Refused", *(f"p{q:g}, ms" for q in asked)]
    heads += ["CPU/request, µs"] if costs else []
    heads += ["p50 against none", "CPU against none"] if ratios else []
    rows = []
    for label in setup.labels:
        share = shares.get(label)
        cells = [f"`{_plain(label)}`", whole(share.requests if share else None)]
        cells.append(escape(measured(share.value, share.interval, "share")) if share else "—")
        cells += [_estimate(points.get((label, q)), number) for q in asked]
        cells += [_estimate(costs.get(label), number)] if costs else []
        cells += [_estimate(ratios.get((quantity, label)), change) for quantity in ("p50", "cpu")] if ratios else []
        rows.append(tuple(cells))
    title = f"## {escape(experiment.title)}{size}"
    return [title, "", *table(heads, rows, numeric=tuple(range(1, len(heads))))]


def _estimate(row: Estimate | Point | None, say: Callable[[float | None], str]) -> str:
    if row is None or row.value is None:
        return "—"
    around = "" if row.low is None else f" [{say(row.low)}, {say(row.high)}]"
    return escape(f"{say(row.value)}{around}")


def _plain(label: str) -> str:
    return re.sub(r"[`|<>\r\n]", " ", tidy(label_words(label)))


def _circumstances(report: Report) -> list[str]:
    lines = ["## Circumstances", ""]
    if command := command_line(report):
        lines += [f"Command: `{_plain(command)}`", ""]
    rows = [
        (escape(title), escape(term), escape(value)) for title, items in circumstances(report) for term, value in items
    ]
    return [*lines, *table(("Of", "What", "Value"), rows)]


def _list(title: str, items: list[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {item}" for item in items), ""] if items else []


def table(
    heads: tuple[str, ...] | list[str], rows: Sequence[tuple[str, ...]], numeric: tuple[int, ...] = ()
) -> list[str]:
    """A Markdown table's lines, a blank one after it. Cells must have been escaped."""
    rule = " | ".join("---:" if place in numeric else "---" for place in range(len(heads)))
    body = [" | ".join(cell.replace(NBSP, " ") for cell in row) for row in rows]
    return [f"| {' | '.join(heads)} |", f"| {rule} |", *(f"| {line} |" for line in body), ""]
