"""report.json as one self-contained page."""

from __future__ import annotations

from typing import Any

from authlab.report.charts.failures import workers_figure
from authlab.report.charts.gallery import figures_of, harm_figures_of
from authlab.report.charts.observations import observations_figure
from authlab.report.facts import circumstances, command_line, facts, headline, standfirst
from authlab.report.faulted import is_faulted
from authlab.report.figure import Figure
from authlab.report.page import render_page
from authlab.report.verdicts import cards_of
from authlab.report.words import count, label_words, sentence, whole, workers


def render_html(report: dict[str, Any]) -> str:
    """The page of a report: verdicts first, then charts, then what the run can't tell and its circumstances."""
    parts = [
        _part(number, experiment, several=len(report["experiments"]) > 1)
        for number, experiment in enumerate(report["experiments"], start=1)
        if experiment["setups"]
    ]
    cards = cards_of(report)
    contents = [("verdicts", "Verdicts")] if cards else []
    contents += [("matrix", "The matrix")] if report.get("matrix") else []
    contents += [(part["id"], part["title"]) for part in parts]
    contents += [
        ("limits", "What this run can’t tell"),
        ("method", "How it was measured"),
        ("circumstances", "Circumstances"),
    ]
    values = {
        "run": report["run"],
        "standfirst": standfirst(report),
        "status_words": report["limits"][0] if report["limits"] else report["run"]["status"],
        "facts": facts(report),
        "contents": contents,
        "cards": cards,
        "parts": parts,
        "matrix": report.get("matrix"),
        "limits": report["limits"],
        "method": report["method"],
        "command": command_line(report),
        "circumstances": circumstances(report),
        "invalid": [t for e in report["experiments"] for t in e["trials"] if not t["valid"]],
    }
    return render_page("report.html.j2", headline(report), report["run"]["id"], _figures(parts), values)


def _part(number: int, experiment: dict[str, Any], *, several: bool) -> dict[str, Any]:
    setups = experiment["setups"]
    # Repetitions of one fault stage have the same workers: nothing varies along that axis.
    together = None if is_faulted(experiment) else workers_figure(setups)
    observed = observations_figure(experiment)
    labels = list(dict.fromkeys(label for setup in setups for label in setup["labels"]))
    measured = sum(setup["measured"] for setup in setups)
    pseudo = any(setup["pseudo_blocks"] for setup in setups)
    least = min((n for setup in setups for n in setup["blocks"].values()), default=0)
    span = count(least, "second" if pseudo else "block")
    return {
        "id": f"e{number}",
        "title": sentence(experiment["id"].replace("-", " ")) + ": what was measured",
        "summary": f"{whole(measured)} requests over {span} in {', '.join(label_words(label) for label in labels)}.",
        "first": [*([together] if together else []), *harm_figures_of(experiment)],
        "last": [observed] if observed else [],
        # A list of a page's buttons has no headings: where titles could be the same, this tells them apart.
        "within": f", {sentence(experiment['id'].replace('-', ' '))}" if several else "",
        "setups": [
            {
                "title": _setup_title(setup),
                "within": _within(setup),
                "figures": figures_of(setup),
                # A fault is seen second by second or not at all; its repetitions may stay folded away.
                "open": place == 0 and "history" in setup,
            }
            for place, setup in enumerate(setups)
        ],
    }


def _within(setup: dict[str, Any]) -> str:
    """What tells the titles of one setup from those of another."""
    return f", {setup['stage']}" if "history" in setup else f", {workers(setup['workers'])}"


def _setup_title(setup: dict[str, Any]) -> str:
    if "history" in setup:
        return f"{sentence(setup['stage'])}: second by second, counter-examples, response time and the rest"
    return f"{workers(setup['workers'])}: failures, response time, CPU and the rest"


def _figures(parts: list[dict[str, Any]]) -> dict[str, Figure]:
    """Every figure by the id of its element, as the template names it."""
    found = {}
    for part in parts:
        for item in (*part["first"], *part["last"]):
            found[f"{part['id']}-{item.id}"] = item
        single = len(part["setups"]) == 1
        for place, setup in enumerate(part["setups"], start=1):
            for item in setup["figures"]:
                key = f"{part['id']}-{item.id}" if single else f"{part['id']}-{place}-{item.id}"
                found[key] = item
    return found
