"""What a run could not decide comes with its reason, before any number, wherever people look."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from authlab.experiments.until_precise import NAME as UNTIL
from authlab.model.findings import YES_NO, ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.model.plan import Procedure
from authlab.model.run import Run
from authlab.report import (
    build_report,
    compare_runs,
    render_comparison_html,
    render_comparison_junit,
    render_comparison_markdown,
    render_html,
    render_junit,
    render_markdown,
    summary_lines,
)
from authlab.report.compare.page import comparison_title
from authlab.report.facts import headline
from authlab.report.report import Report
from authlab.report.why import cause
from authlab.store.frames import TrialFrames
from tests.unit.report.tiny_run import tiny_run

BUSY = "other programs used 24 % of the machine's CPU (limit 10 %): close them, or wait until another lab has ended"
LATE = "the load generator sent its requests late: lag p99 31.0 ms (limit 10 ms); close other programs"
WIDE = "the interval is too wide for the margin: run longer with --for"
SEEN = "48.7 [40.0, 57.0] %"


def judgement(value: str, *reasons: str, mode: str = "memory", summary: str = "in doubt") -> Judgement:
    prediction = Prediction(mode, "auth_failure_share", "(N-1)/N", 0.5, workers=2)
    seen = Observation(mode, "auth_failure_share", 0.487, (0.40, 0.57), 4, 16, "share", workers=2)
    return Judgement(prediction, seen, Verdict(value, summary, reasons))  # type: ignore[arg-type]


def run_with(verdict: Verdict, *judgements: Judgement, doubt: str = "") -> tuple[Run, dict[str, TrialFrames]]:
    """The tiny run with these judgements; every trial is in `doubt` if there is one."""
    run, frames = tiny_run()
    result = replace(
        run.experiments[0],
        judgements=judgements,
        predictions=tuple(item.prediction for item in judgements),
        verdict=verdict,
    )
    trials = tuple(replace(t, valid=not doubt, reasons=(doubt,) if doubt else ()) for t in run.trials)
    return replace(run, experiments=(result,), trials=trials), frames


def report_of(verdict: Verdict, *judgements: Judgement, doubt: str = "") -> Report:
    return build_report(*run_with(verdict, *judgements, doubt=doubt))


def texts(report: Report) -> dict[str, str]:
    """Everything that people look at."""
    page = re.sub(r"<style>.*?</style>|<script.*?</script>", "", render_html(report), flags=re.DOTALL)
    found = {
        "terminal": "\n".join(summary_lines(report)),
        "markdown": render_markdown(report).replace("\\", ""),
        "page": page.replace("&#39;", "'"),
        "junit": render_junit(report),
    }
    return {name: text.replace("\u00a0", " ") for name, text in found.items()}


@pytest.mark.parametrize("where", ["terminal", "markdown", "page", "junit"])
def test_the_reason_stands_before_the_measured_value(where: str) -> None:
    undecided = judgement("inconclusive", BUSY)
    said = texts(report_of(Verdict("inconclusive", "the run cannot decide"), undecided, doubt=BUSY))[where]
    assert said.lower().index("other programs used 24 %") < said.index(SEEN)


def test_the_headline_of_one_claim_says_why_it_is_inconclusive() -> None:
    report = report_of(Verdict("inconclusive", "the run cannot decide"), judgement("inconclusive", BUSY), doubt=BUSY)
    assert headline(report) == (
        "Inconclusive, because other programs used 24 % of the machine's CPU (limit 10 %): Half is lost"
    )


def test_several_reasons_are_each_said_once_and_doubts_come_before_widths() -> None:
    rows = [judgement("inconclusive", WIDE, mode="none"), *(judgement("inconclusive", BUSY, LATE) for _ in range(3))]
    report = report_of(Verdict("inconclusive", "the run cannot decide", (BUSY, WIDE)), *rows, doubt=BUSY)
    lines = summary_lines(report)
    assert [line.strip().partition(": ")[0] for line in lines[:5]] == [
        "inconclusive", "because", "because", "because", "The run cannot decide.",
    ]  # fmt: skip
    assert [line.split()[1] for line in lines[1:4]] == ["other", "the", "the"]
    assert "too wide" in lines[2]
    assert "(and 2 more reasons)" in headline(report)
    assert report.cards[0].why[0].startswith("other programs")


def test_reasons_that_differ_in_numbers_alone_are_said_once() -> None:
    later = LATE.replace("31.0", "28.4")
    rows = [judgement("inconclusive", reason, mode="none") for reason in (LATE, later, BUSY)]
    report = report_of(Verdict("inconclusive", "the run cannot decide"), *rows)
    assert report.cards[0].why == (f"{LATE} (and 1 more like it)", BUSY)


def test_a_refuted_claim_names_the_trials_that_do_not_count() -> None:
    rows = [judgement("refuted", summary="outside"), judgement("inconclusive", BUSY, mode="none")]
    report = report_of(Verdict("refuted", "the share is not a half", ("outside",)), *rows, doubt=BUSY)
    for said in texts(report).values():
        assert said.index("rials 01-none, 02-memory can't be trusted: other programs used 24 %") < said.index(SEEN)
    assert headline(report) == "Refuted: Half is lost"


def test_a_verdict_without_any_reason_gives_those_of_its_trials() -> None:
    report = report_of(Verdict("inconclusive", "nothing was measured"), doubt="not measured")
    assert headline(report).startswith("Inconclusive, because not measured: ")
    assert "  because: not measured" in summary_lines(report)


def test_a_judge_that_failed_says_so_in_the_terminal_too() -> None:
    why = "KeyError: 'lag' (tails.py, line 12)"
    lines = summary_lines(report_of(Verdict("inconclusive", "the judge itself failed", (why,))))
    assert lines[1] == f"  because: {why}"


def test_what_was_not_measured_is_skipped_with_that_as_its_reason() -> None:
    prediction = Prediction("memory", "auth_failure_share", "", 0.5)
    missing = Judgement(prediction, None, Verdict("inconclusive", "auth_failure_share of memory was not measured"))
    root = ET.fromstring(render_junit(report_of(Verdict("inconclusive", "the run cannot decide"), missing)))  # noqa: S314
    skipped = root.find(".//skipped")
    assert skipped is not None
    assert "auth_failure_share of memory was not measured" in str(skipped.get("message")).lower()


def test_a_browsers_question_without_an_answer_is_told_with_the_reason() -> None:
    why = "the positive control (local-storage, steal-passive: stolen) did not show the attack working"
    prediction = Prediction("cookie-lax", "steal-passive: stolen", "httpOnly", 0.0, margin=0.0, unit=YES_NO)
    seen = Observation("cookie-lax", "steal-passive: stolen", 0.0, (0.0, 0.0), 1, 1, YES_NO)
    row = Judgement(prediction, seen, Verdict("inconclusive", "cookie-lax, steal-passive: stolen: no", (why,)))
    report = report_of(Verdict("inconclusive", "the run cannot decide"), row)
    assert f"because {why}: Half" in headline(report)
    assert summary_lines(report)[1] == f"  because: {why}"


def test_a_run_that_was_to_go_on_until_it_was_precise_says_that_its_time_was_over() -> None:
    run, frames = run_with(Verdict("inconclusive", "the run cannot decide"), judgement("inconclusive", WIDE))
    (result,) = run.experiments
    assert isinstance(result, ExperimentResult)
    ended = "the time was over: after 40 blocks the widest half-width of CPU per request was 3.10%; 2.00% was requested"
    plans = tuple(replace(plan, exercise=Procedure(UNTIL, {}, {}, 60.0, ended=ended)) for plan in result.plans)
    run = replace(run, experiments=(replace(result, plans=plans or _plans(ended)),))
    assert any(line.startswith("  because: the time was over") for line in summary_lines(build_report(run, frames)))


def _plans(ended: str) -> tuple[object, ...]:
    from tests.unit.report.made_run import interleaved

    return (replace(interleaved("n2", ("none", "memory"), 4), exercise=Procedure(UNTIL, {}, {}, 60.0, ended=ended)),)


def test_several_claims_give_the_reason_of_those_that_are_open() -> None:
    run, frames = run_with(Verdict("inconclusive", "the run cannot decide"), judgement("inconclusive", BUSY))
    stands = replace(run.experiments[0], id="other", verdict=Verdict("confirmed", "it does"), judgements=())
    both = build_report(replace(run, experiments=(*run.experiments, stands)), frames)
    assert headline(both) == (
        "2 claims put to the test: 1 confirmed, 1 inconclusive, because other programs used 24 % of the machine's CPU "
        "(limit 10 %)"
    )
    assert "other programs used 24 %" in texts(both)["page"]


def test_a_comparison_says_first_why_it_is_inconclusive() -> None:
    run, frames = tiny_run()
    busy = replace(run, id="busy", trials=tuple(replace(t, valid=False, reasons=(BUSY,)) for t in run.trials))
    found = compare_runs([(run, frames), (busy, frames)])
    assert "because B: other programs used 24 % of the machine's CPU (limit 10 %)" in comparison_title(found)
    lines = summary_lines(found)
    assert lines[1].startswith("because: B: other programs used 24 %")
    markdown = render_comparison_markdown(found).replace("\\", "")
    assert markdown.index("B: other programs used 24 %") < markdown.index("## Requests refused")
    assert "B: other programs used 24 %" in render_comparison_html(found)
    assert "B: other programs used 24 %" in render_comparison_junit(found)


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((), ""),
        ((BUSY,), "other programs used 24 % of the machine's CPU (limit 10 %)"),
        (("CPU was not measured.",), "CPU was not measured"),
        (("cookie-lax, forged-post: not seen",), "cookie-lax, forged-post: not seen"),
        ((WIDE, BUSY), "the interval is too wide for the margin (and 1 more reason)"),
    ],
)
def test_a_headline_gives_the_first_reason_without_its_remedy(reasons: tuple[str, ...], said: str) -> None:
    assert cause(reasons) == said
