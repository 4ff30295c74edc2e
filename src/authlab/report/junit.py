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
from typing import Final

from authlab.report.cards import Card, CardRow
from authlab.report.compare.comparison import Comparison
from authlab.report.compare.page import margin_words
from authlab.report.page import plain
from authlab.report.report import Report
from authlab.report.words import NBSP, tidy

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


def render_junit(report: Report) -> str:
    """The XML of a report: a suite per experiment. A claim whose verdict no judgement has is one more case."""
    suites = [
        _suite(
            card.id,
            _cases(card),
            {"claim": card.claim, "verdict": card.verdict, **_why(card), "run": report.run.id},
            report.run.started_at,
            report.duration_s,
        )
        for card in report.cards
    ]
    return _document(suites)


def render_comparison_junit(comparison: Comparison) -> str:
    """The XML of a comparison: a suite per quantity that is part of its verdict, also where it was refused."""
    first = comparison.runs[0].key
    shared = {**{f"run {run.key}": run.id for run in comparison.runs}, "margins": margin_words(comparison)}
    suites = []
    for held in comparison.quantities:
        cases = [
            _Case(
                f"compare.{held.quantity}",
                f"{row.who}: {effect.key} against {first}",
                effect.verdict,
                f"{held.title}: {held.said(effect)}",
                effect.reasons,
            )
            for row in held.rows
            for effect in row.effects
        ]
        if held.counts:
            suites.append(_suite(held.title, cases, shared))
    for item in comparison.refused:
        if item.counts:
            case = _Case(f"compare.{item.quantity}", "all runs", "not compared", item.title, item.why)
            suites.append(_suite(item.title, [case], shared))
    return _document(suites)


def _cases(card: Card) -> list[_Case]:
    """A case per judgement, and one for the claim where its verdict is not one of theirs."""
    cases = [_of_row(card, row) for row in card.rows]
    if card.verdict in {case.verdict for case in cases}:
        return cases
    return [*cases, _Case(card.id, card.claim, card.verdict, card.summary, (*card.why, *card.doubts, *card.reasons))]


def _why(card: Card) -> dict[str, str]:
    """Why the claim is inconclusive, or what stands against its verdict."""
    said = {"because": card.why, "in doubt": card.doubts}
    return {name: "; ".join(reasons) for name, reasons in said.items() if reasons}


def _of_row(card: Card, row: CardRow) -> _Case:
    basis = f" ({row.basis})" if row.basis else ""
    numbers = f"predicted: {row.predicted_whole}; measured: {row.measured}{basis}"
    return _Case(card.id, f"{row.who}: {row.quantity}", row.verdict, numbers, row.reasons)


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
    said = "; ".join([*reasons, numbers]) if case.verdict not in _PASSED else numbers
    ET.SubElement(element, "system-out").text = f"{_text(case.verdict)}: {said}"
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
