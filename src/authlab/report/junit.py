"""Verdicts as JUnit XML, the form of test results that CI systems read.

A test case per judgement: `confirmed` (`same`, `better`) passes; `refuted` (`worse`) is a failure with the numbers;
`inconclusive` is skipped with its reasons, for the data neither pass nor fail it. The order of elements is that of
Jenkins' schema (junit-10.xsd), which GitLab, GitHub's actions and Azure read too.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlab.report.charts.effects import effect_cells
from authlab.report.compare.page import margin_words
from authlab.report.page import plain
from authlab.report.verdicts import cards_of
from authlab.report.words import NBSP, label_words, tidy

_PASSED: Final = ("confirmed", "same", "better")
_FAILED: Final = ("refuted", "worse")
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold, not even escaped."""


@dataclass(frozen=True)
class _Case:
    group: str
    name: str
    verdict: str
    numbers: str
    reasons: tuple[str, ...] = ()


def render_junit(report: Mapping[str, Any]) -> str:
    """The XML of a report: a suite per experiment. A claim whose verdict no judgement has is one more case."""
    run = report["run"]
    suites = [
        _suite(
            card["id"],
            _cases(card),
            {"claim": card["claim"], "verdict": card["verdict"] or "not judged", "run": run["id"]},
            run["started_at"],
            run["duration_s"],
        )
        for card in cards_of(dict(report))
    ]
    return _document(suites)


def render_comparison_junit(comparison: Mapping[str, Any]) -> str:
    """The XML of a comparison: a suite per quantity that is part of its verdict, also where it was refused."""
    runs = {run["key"]: run["id"] for run in comparison["runs"]}
    first = next(iter(runs))
    shared = {**{f"run {key}": name for key, name in runs.items()}, "margins": margin_words(dict(comparison))}
    suites = []
    for quantity in comparison["quantities"]:
        cases = [
            _Case(
                f"compare.{quantity['quantity']}",
                f"{_who(row)}: {effect['key']} against {first}",
                effect["verdict"],
                f"{quantity['title']}: {effect_cells(quantity, effect)[0]}",
                tuple(effect["reasons"]),
            )
            for row in quantity["rows"]
            for effect in row["effects"]
        ]
        if quantity["counts"]:
            suites.append(_suite(quantity["title"], cases, shared))
    for item in comparison["refused"]:
        if item["counts"]:
            case = _Case(f"compare.{item['quantity']}", "all runs", "not compared", item["title"], tuple(item["why"]))
            suites.append(_suite(item["title"], [case], shared))
    return _document(suites)


def _who(row: Mapping[str, Any]) -> str:
    return label_words(row["label"]) + (f", N = {row['workers']}" if row["workers"] else "")


def _cases(card: Mapping[str, Any]) -> list[_Case]:
    """A case per judgement, and one for the claim where its verdict is not one of theirs."""
    cases = [_of_row(card, row) for row in card["rows"]]
    verdict = card["verdict"] or "not judged"
    return cases if verdict in {case.verdict for case in cases} else [*cases, _of_card(card)]


def _of_row(card: Mapping[str, Any], row: Mapping[str, Any]) -> _Case:
    predicted = f"{row['predicted']} ({row['formula']})" if row["formula"] else row["predicted"]
    basis = f" ({row['basis']})" if row["basis"] else ""
    return _Case(
        card["id"],
        f"{row['who']}: {row['quantity']}",
        row["verdict"],
        f"predicted: {predicted}; measured: {row['measured']}{basis}",
        tuple(row["reasons"]),
    )


def _of_card(card: Mapping[str, Any]) -> _Case:
    return _Case(card["id"], card["claim"], card["verdict"] or "not judged", card["summary"], tuple(card["reasons"]))


def _suite(
    name: str, cases: list[_Case], about: Mapping[str, str], started: str = "", seconds: float | None = None
) -> ET.Element:
    suite = ET.Element("testsuite", {"name": _text(name), **_counts(cases), "time": f"{seconds or 0:g}"})
    if started:
        suite.set("timestamp", _text(started.removesuffix("Z")))
    properties = ET.SubElement(suite, "properties")
    for key, value in about.items():
        ET.SubElement(properties, "property", {"name": _text(key), "value": _text(value)})
    for case in cases:
        suite.append(_case(case))
    return suite


def _case(case: _Case) -> ET.Element:
    element = ET.Element(
        "testcase", {"classname": _text(f"authlab.{case.group}"), "name": _text(case.name), "time": "0"}
    )
    numbers = _text(case.numbers)
    reasons = [_text(reason) for reason in case.reasons]
    if case.verdict in _FAILED:
        failure = ET.SubElement(element, "failure", {"type": case.verdict, "message": numbers})
        failure.text = "\n".join([numbers, *reasons])
    elif case.verdict not in _PASSED:
        ET.SubElement(element, "skipped", {"message": "; ".join([_text(case.verdict), *reasons])})
    ET.SubElement(element, "system-out").text = f"{_text(case.verdict)}: {numbers}"
    return element


def _counts(cases: list[_Case]) -> dict[str, str]:
    failures = sum(case.verdict in _FAILED for case in cases)
    passed = sum(case.verdict in _PASSED for case in cases)
    return {
        "tests": str(len(cases)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(len(cases) - failures - passed),
    }


def _document(suites: list[ET.Element]) -> str:
    totals = {
        name: str(sum(int(suite.get(name, "0")) for suite in suites))
        for name in ("tests", "failures", "errors", "skipped")
    }
    root = ET.Element("testsuites", {"name": "authlab", **totals})
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _text(text: str) -> str:
    return _ILLEGAL.sub("", tidy(plain(text)).replace(NBSP, " "))
