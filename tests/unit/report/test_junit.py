"""JUnit XML: the shape that CI systems read, and what becomes of each verdict."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from authlab.model.errors import UsageProblem
from authlab.report import build_report, compare_runs, render_comparison_junit, render_junit
from tests.unit.report import made_run
from tests.unit.report.tiny_run import tiny_run

COUNTS = ("tests", "failures", "errors", "skipped")


def read(text: str) -> ET.Element:
    """The root of a JUnit file, after its shape was checked: elements, their order, attributes, counts that add up."""
    root = ET.fromstring(text)  # noqa: S314  (our own text)
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "time", *COUNTS} <= suite.attrib.keys()
        assert [child.tag for child in suite][:1] == ["properties"]
        cases = suite.findall("testcase")
        assert len(cases) == len(suite) - 1
        for case in cases:
            assert case.attrib.keys() == {"classname", "name", "time"}
            assert [child.tag for child in case] in (
                ["system-out"],
                ["failure", "system-out"],
                ["skipped", "system-out"],
            )
        names = [(case.get("classname"), case.get("name")) for case in cases]
        assert len(set(names)) == len(names), "a case that another one hides is not seen"
        counted = (len(cases), len(suite.findall("*/failure")), 0, len(suite.findall("*/skipped")))
        assert tuple(int(suite.attrib[name]) for name in COUNTS) == counted
    for name in COUNTS:
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    return root


def test_confirmed_passes_refuted_fails_with_its_numbers_and_inconclusive_is_skipped() -> None:
    root = read(render_junit(build_report(*made_run.breaking_run())))
    assert [root.get(name) for name in COUNTS] == ["8", "1", "0", "1"]
    failed = root.findall(".//testcase[failure]")
    assert [case.get("name") for case in failed] == ["memory, N = 8: Requests refused after log-in"]
    message = failed[0].find("failure")
    assert message is not None
    assert message.get("type") == "refuted"
    assert "predicted: 87.5 % ± 2.0 % ((N−1)/N); measured: 80.0 [79.0, 81.0] %" in str(message.get("message"))
    assert root.findall(".//testcase[skipped]")[0].get("name") == "memory, N = 4: Requests refused after log-in"


def test_predictions_that_nobody_judged_are_skipped() -> None:
    root = read(render_junit(build_report(*made_run.interrupted_run())))
    assert int(root.attrib["tests"]) == int(root.attrib["skipped"]) > 0


def test_a_verdict_that_no_single_judgement_has_is_a_case_of_its_own() -> None:
    run, frames = made_run.breaking_run()
    confirmed = tuple(j for j in run.experiments[0].judgements if j.verdict.value == "confirmed")
    report = build_report(replace(run, experiments=(replace(run.experiments[0], judgements=confirmed),)), frames)
    skipped = read(render_junit(report)).findall(".//testcase[skipped]")
    assert [case.get("name") for case in skipped] == ["A memory session needs every request to reach the same server"]


def test_characters_that_xml_cannot_hold_are_left_out() -> None:
    run, frames = tiny_run()
    named = replace(
        run, id='a\x00b\x1b\ufffe<&>"', experiments=(replace(run.experiments[0], claim="\x07half & <half>"),)
    )
    suite = read(render_junit(build_report(named, frames)))[0]
    claims = [p.get("value") for p in suite.findall("properties/property") if p.get("name") == "claim"]
    assert claims == ["half & <half>"]


@pytest.mark.parametrize("make", ["recording_run", "hostile_run", "empty_run"])
def test_any_run_becomes_a_well_formed_file(make: str) -> None:
    read(render_junit(build_report(*getattr(made_run, make)())))


def test_a_comparison_has_a_suite_per_quantity_that_counts_and_what_was_refused_is_skipped() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", parameters={**run.parameters, "rate_rps": 600})
    comparison = compare_runs([(run, frames), (other, frames)])
    root = read(render_comparison_junit(comparison))
    refused = root.findall(".//testcase[@name='all runs']/skipped")
    assert len(refused) == sum(item.counts for item in comparison.refused) > 0
    assert "rate, requests/s 300 against 600" in str(refused[0].get("message"))
    counts = comparison.verdict.counts
    assert int(root.attrib["tests"]) == sum(counts.values())
    assert int(root.attrib["skipped"]) == counts["inconclusive"]


def test_what_cannot_be_compared_becomes_no_file() -> None:
    with pytest.raises(UsageProblem):
        compare_runs([tiny_run(), tiny_run()])
