"""report.json as Markdown for a pull request: verdicts, a table per experiment, circumstances, method."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from authlab.report.charts.harm import arms_of, check_rows, checker_words, fault_rows
from authlab.report.charts.observations import heads_of, observation_rows
from authlab.report.facts import circumstances, command_line, facts, headline, standfirst
from authlab.report.verdicts import cards_of
from authlab.report.words import (
    NBSP,
    change,
    count,
    label_words,
    measured,
    number,
    sentence,
    tidy,
    whole,
    workers,
)

MARKS = {"confirmed": "✅ confirmed", "refuted": "❌ refuted", "inconclusive": "❔ inconclusive"}


def render_markdown(report: dict[str, Any]) -> str:
    """The Markdown of a report. Text of the run is escaped: it can't open a link, a table cell or HTML."""
    lines = [f"# {escape(headline(report))}", ""]
    if said := standfirst(report):
        lines += [prose(said), ""]
    lines += [" · ".join(f"{term} **{escape(value)}**" for term, value in facts(report)), ""]
    if report["run"]["status"] != "finished" and report["limits"]:
        lines += [f"> {prose(report['limits'][0])}", ""]
    cards = cards_of(report)
    if cards:
        lines += ["## Verdicts", ""]
    for card in cards:
        lines += _card(card)
    lines += _matrix(report.get("matrix"))
    for experiment in report["experiments"]:
        for setup in experiment["setups"]:
            lines += _setup(experiment, setup)
        lines += _harm(experiment)
        lines += _observations(experiment)
    lines += _list("What this run can’t tell", [prose(limit) for limit in report["limits"]])
    lines += _list("How it was measured", [f"**{p['term']}.** {prose(p['text'])}" for p in report["method"]])
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


def _card(card: dict[str, Any]) -> list[str]:
    mark = MARKS.get(card["verdict"] or "", "not judged")
    lines = [f"### {mark}: {escape(card['claim'])}", "", prose(card["summary"]), ""]
    lines += [f"- {prose(reason)}" for reason in card["reasons"]]
    lines += [""] if card["reasons"] else []
    if card["rows"]:
        lines += table(
            ("About", "Question", "Predicted", "Seen", "Verdict")
            if card["yes_no"]
            else ("Mode", "Quantity", "Predicted", "Measured, 95 % interval", "Verdict"),
            [
                (
                    escape(row["who"]),
                    escape(row["quantity"]),
                    escape(f"{row['predicted']} ({row['formula']})" if row["formula"] else row["predicted"]),
                    escape(row["measured"]),
                    " ".join([MARKS.get(row["verdict"], row["verdict"]), *(prose(r) for r in row["reasons"])]),
                )
                for row in card["rows"]
            ],
            numeric=(3,),
        )
    return lines


def _matrix(matrix: dict[str, Any] | None) -> list[str]:
    if not matrix:
        return []
    heads = ("Place", *(escape(column["title"]) for column in matrix["columns"]))
    rows = [(f"`{_plain(row['place'])}`", *(_cell(cell) for cell in row["cells"])) for row in matrix["rows"]]
    return ["## The matrix", "", escape(matrix["reading"]), "", *table(heads, rows)]


def _cell(cell: dict[str, Any]) -> str:
    said = []
    for ask in cell["asks"]:
        mark = MARKS.get(ask["verdict"], ask["verdict"])
        said.append(f"{escape(ask['question'])}: **{ask['seen']}**, predicted {ask['predicted']}, {mark}")
    return "<br>".join(said) or "not asked"


def _setup(experiment: dict[str, Any], setup: dict[str, Any]) -> list[str]:
    size = f", {workers(setup['workers'])}" if setup["workers"] else ""
    size += f", {escape(setup['stage'])}" if "history" in setup and len(experiment["setups"]) > 1 else ""
    shares = {row["label"]: row for row in setup["failures"]}
    costs = {row["label"]: row for row in setup["cpu"]}
    points = {(row["label"], row["percentile"]): row for row in setup["percentiles"]["headline"]}
    ratios = {(section["quantity"], row["label"]): row for section in setup["differences"] for row in section["rows"]}
    asked = [q for q in (50.0, 99.0) if any(key[1] == q for key in points)]
    heads = ["Mode", "Requests", "Refused"]
    heads += [f"p{q:g}, ms" for q in asked]
    heads += ["CPU/request, µs"] if costs else []
    heads += ["p50 against none", "CPU against none"] if ratios else []
    rows = []
    for label in setup["labels"]:
        share = shares.get(label)
        cells = [f"`{_plain(label)}`", whole(share and share["requests"]), _estimate(share, percent=True)]
        cells += [_estimate(points.get((label, q))) for q in asked]
        cells += [_estimate(costs.get(label))] if costs else []
        cells += [_change(ratios.get((quantity, label))) for quantity in ("p50", "cpu")] if ratios else []
        rows.append(tuple(cells))
    title = f"## {escape(sentence(experiment['id'].replace('-', ' ')))}{size}"
    return [title, "", *table(heads, rows, numeric=tuple(range(1, len(heads))))]


def _harm(experiment: dict[str, Any]) -> list[str]:
    """Checks, faults, requests by second and counter-examples of a fault experiment; nothing for any other."""
    lines = []
    for title, (heads, rows) in (("Checks", check_rows(experiment)), ("Faults", fault_rows(experiment))):
        if rows:
            numeric = tuple(place for place, head in enumerate(heads) if head.numeric)
            cells = [tuple(escape(cell) for cell in row) for row in rows]
            lines += [f"### {title}", "", *table([head.title for head in heads], cells, numeric)]
    for stage, arm in arms_of(experiment):
        name = f"`{_plain(arm['label'])}`" + (f" in {escape(stage)}" if stage else "")
        if arm["seconds"]:
            lines += _seconds(name, arm["seconds"])
        for example in arm["examples"]:
            lines += [f"**{name}, {escape(checker_words(example['checker']))}: {escape(example['summary'])}**", ""]
            lines += [f"{number}. {escape(line)}" for number, line in enumerate(example["lines"], start=1)]
            lines += [""]
    return lines


def _seconds(name: str, seconds: dict[str, list[int]]) -> list[str]:
    """Requests per second by outcome, folded away."""
    rows = [
        (str(second), *(whole(count) for count in row))
        for second, row in enumerate(zip(*seconds.values(), strict=True))
    ]
    heads = ["Second", *(escape(outcome) for outcome in seconds)]
    summary = f"<details><summary>Requests per second by outcome: {name.replace('`', '')}</summary>"
    return [summary, "", *table(heads, rows, numeric=tuple(range(len(heads)))), "</details>", ""]


def _observations(experiment: dict[str, Any]) -> list[str]:
    """Everything that was observed, folded away: a pull request needs the tables above, a doubt needs this one."""
    rows = [tuple(escape(cell) for cell in row) for row in observation_rows(experiment)]
    if not rows:
        return []
    summary = f"<details><summary>{count(len(rows), 'observed value').replace(NBSP, ' ')}</summary>"
    return [summary, "", *table(heads_of(experiment), rows, numeric=(3, 4, 5, 6)), "</details>", ""]


def _estimate(row: dict[str, Any] | None, *, percent: bool = False) -> str:
    if row is None or row["value"] is None:
        return "—"
    interval = None if row["low"] is None else (row["low"], row["high"])
    if percent:
        return escape(measured(row["value"], interval, "share"))
    around = "" if interval is None else f" [{number(interval[0])}, {number(interval[1])}]"
    return escape(f"{number(row['value'])}{around}")


def _change(row: dict[str, Any] | None) -> str:
    if row is None:
        return "—"
    if row["low"] is None:
        return escape(change(row["value"]))
    return escape(f"{change(row['value'])} [{change(row['low'])}, {change(row['high'])}]")


def _plain(label: str) -> str:
    return re.sub(r"[`|<>\r\n]", " ", tidy(label_words(label)))


def _circumstances(report: dict[str, Any]) -> list[str]:
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
