"""Reports of fault experiments: what was done, what users got, what the checkers found; nothing where there is none."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from authlab.model.errors import UsageProblem
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.history import TrialHistory
from authlab.report import (
    Report,
    build_report,
    compare_runs,
    render_comparison_html,
    render_comparison_junit,
    render_html,
    render_junit,
    render_markdown,
    report_json,
    summary_lines,
)
from authlab.report.facts import facts
from authlab.report.figure import Figure
from authlab.report.limits import limits_of
from authlab.report.measures.arms import Arm
from authlab.report.method import method_of
from authlab.report.palette import look
from tests.unit.report import made_run
from tests.unit.report.made_faults import NS, ORIGIN, fault_run
from tests.unit.report.page_reading import Page

MADE = ("breaking_run", "recording_run", "interrupted_run", "hostile_run", "empty_run")


@pytest.fixture(scope="module")
def report() -> Report:
    built = build_report(*fault_run())
    stored = report_json(built)
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    return built


@pytest.fixture(scope="module")
def repeated() -> Report:
    return build_report(*fault_run(repeat=2))


def arms(report: Report) -> dict[str, Arm]:
    return {arm.label: arm for arm in report.setups[0].arms}


def over_all(report: Report) -> dict[str, Figure]:
    """The figures over all stages of the first experiment."""
    return {figure.id: figure for figure in report.parts[0].before}


def of_first(report: Report, name: str) -> Figure:
    """A figure of the first setup."""
    return next(figure for figure in report.parts[0].of_setups[0][1] if figure.id == name)


def test_the_size_of_a_run_with_faults_is_told_in_arms(report: Report, repeated: Report) -> None:
    once, twice = dict(facts(report)), dict(facts(repeated))
    assert int(once["Arms"]) == len(arms(report)) > 0
    assert int(twice["Arms"]) == 2 * int(once["Arms"])
    assert not {"Blocks", "Seconds"} & {*once, *twice}


@pytest.mark.parametrize("name", MADE)
def test_a_run_without_faults_has_the_report_that_it_always_had(name: str) -> None:
    run, frames = getattr(made_run, name)()
    plain = build_report(run, frames)
    assert report_json(build_report(run, frames, {})) == report_json(plain)
    assert not any(setup.side_by_side or setup.arms for setup in plain.setups)
    page, text = render_html(plain), render_markdown(plain)
    assert "second by second" not in page + text
    assert "History checks" not in page + text
    assert "Faults" not in page + text


def test_times_are_seconds_after_the_load_began_and_not_after_the_log_ins(report: Report) -> None:
    fault = arms(report)["sticky"].faults[0]
    assert (fault.start_s, fault.end_s, fault.lasted_s) == (4.0, 5.5, 1.5)


def test_every_request_is_counted_in_the_second_in_which_it_was_over(report: Report) -> None:
    sticky, store = arms(report)["sticky"].seconds, arms(report)["redis-aof"].seconds
    assert sticky["auth"] == (0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0)
    assert sticky["ok"][5] == 20
    assert store["server"][4:7] == (12, 24, 12)
    assert {sum(numbers) for numbers in zip(*store.values(), strict=True)} == {24}


def test_one_window_of_load_stands_in_as_seconds_even_where_its_rate_had_phases(report: Report) -> None:
    assert report.setups[0].pseudo_blocks == {"none", "sticky", "redis-aof", "sticky-pause"}
    assert min(report.setups[0].blocks.values()) >= 11


def test_arms_are_not_held_against_none(report: Report) -> None:
    assert report.setups[0].ratios == ()


def test_the_table_of_faults_marks_what_nothing_proves(report: Report) -> None:
    figure = over_all(report)["faults"]
    rows = figure.table.rows
    assert [head.title for head in figure.table.columns][:3] == ["Arm", "Fault", "Done to"]
    assert {row[0]: row[-1] for row in rows}["sticky"] == "pid 4711 was gone after 12 ms"
    assert {row[0]: row[-1] for row in rows}["sticky-pause"] == "⚠ no proof"
    assert "1 of them without proof" in figure.title
    assert "`sticky-pause`" in next(limit for limit in limits_of(report) if "Nothing proves" in limit)


def test_a_fault_that_was_not_seen_to_end_says_so() -> None:
    run, frames, histories = fault_run()
    endless = TrialHistory((FaultEvent("stop-worker", "worker-1", ORIGIN + 3 * NS, None, "gone"),), ())
    report = build_report(run, frames, {**histories, "12-sticky": endless})
    row = next(row for row in over_all(report)["faults"].table.rows if row[0] == "sticky")
    assert row[3:6] == ["3.000", "not seen", "—"]
    figure = of_first(report, "timeline")
    assert "from 3.0 s on, not seen to end" in figure.alt
    assert any("No history was checked of `sticky`" in limit for limit in limits_of(report))


def test_checks_stand_by_arm_with_their_recoveries(report: Report) -> None:
    rows = {(row[0], row[1]): row for row in over_all(report)["checks"].table.rows}
    assert len(rows) == 4 * 5
    refused = rows["sticky", "no spurious logout"]
    assert (refused[2], refused[3]) == ("violated", "4 of 288")
    assert "the last 0.103 s after its end" in rows["sticky", "availability"][-1].replace("\u00a0", " ")
    assert over_all(report)["checks"].title.startswith("`sticky`: no spurious logout violated 4")


def test_a_counter_example_shows_the_fault_that_explains_it(report: Report) -> None:
    (example,) = arms(report)["sticky"].examples
    assert [event.lane for event in example.events] == ["workers", "workers", "workers"]
    assert [event.fault for event in example.events] == [False, True, False]
    assert example.lines[1].startswith("4.990 s  crash-worker of worker-2 begins (pid 4711 was gone after 12 ms)")
    (figure,) = [figure for figure in report.parts[0].of_setups[0][1] if figure.steps]
    assert len(figure.steps) == 3
    assert figure.spec is not None
    assert "0.990 s before the load’s start" in figure.reading
    assert "3: At 6.500 s" in figure.alt


def test_the_words_of_a_fault_run_are_not_those_of_a_steady_one(report: Report) -> None:
    said = " ".join([*limits_of(report), *(f"{point.term} {point.text}" for point in method_of(report))])
    assert "A/A pair" not in said
    assert "recording" not in said
    assert "Interleaved" not in said
    assert "Arms side by side" in said
    assert "24.0\u00a0requests/s" in said or "24.0 requests/s" in said


def test_a_run_of_both_kinds_explains_both() -> None:
    run, frames, histories = fault_run()
    steady = made_run.made_frames(blocks=4, per_slice=60)
    whole = made_run.made_run(steady)
    both = replace(run, experiments=(*whole.experiments, *run.experiments), trials=(*whole.trials, *run.trials))
    report = build_report(both, {**steady, **frames}, histories)
    terms = [point.term for point in method_of(report)]
    assert "Interleaved blocks" in terms
    assert "Histories" in terms
    assert len(render_html(report)) > 100_000


def test_cards_count_users_over_repetitions_and_name_unknown_quantities(report: Report) -> None:
    (card,) = report.cards
    rows = {row.quantity: row for row in card.rows}
    assert rows["Bound users logged out"].basis.replace("\u00a0", " ") == "2 repetitions, 4 users"
    assert rows["Recovery"].measured.replace("\u00a0", " ") == "2.10 [1.90, 2.30] s"
    assert rows["Users hit"].measured.replace("\u00a0", " ") == "1 user [0.500, 1.40] users"


def test_repetitions_are_told_apart_and_make_no_chart_over_workers(repeated: Report) -> None:
    assert [setup.stage for setup in repeated.setups] == ["r1", "r2"]
    assert [row[1] for row in over_all(repeated)["faults"].table.rows] == ["r1", "r1", "r1", "r2", "r2", "r2"]
    page = render_html(repeated)
    assert page.count('<details class="part" open>') == 1
    assert "failures-by-" not in page
    assert "R1: second by second" in page
    assert "no spurious logout violated 8 times" in summary_lines(repeated)[-1]


def test_markdown_has_checks_faults_seconds_and_counter_examples(report: Report) -> None:
    text = render_markdown(report)
    for said in (
        "### Checks",
        "### Faults",
        "⚠ no proof",
        "| Arm | Second | ok | auth |",
        "1. At 0.000 s  user 1 logs in",
    ):
        assert said in text


def test_junit_has_a_case_per_prediction(report: Report) -> None:
    assert 'tests="4" failures="0"' in render_junit(report)


def test_two_fault_runs_are_compared_by_what_their_experiments_observed() -> None:
    run, frames, _ = fault_run()
    comparison = compare_runs([(run, frames), (replace(run, id="other"), frames)])
    assert {quantity.quantity for quantity in comparison.quantities} == {
        "worker-crash-bound_users_logged_out",
        "worker-crash-users_logged_out",
        "worker-crash-recovery_s",
    }
    assert "Worker crash: recovery" in render_comparison_html(comparison)
    assert render_comparison_junit(comparison).startswith("<?xml")


def test_runs_with_different_faults_are_refused_and_so_is_one_without_any() -> None:
    run, frames, _ = fault_run()
    (plan,) = run.experiments[0].plans
    arms = tuple(replace(arm, faults=(PlannedFault("stop-worker", 4.0),)) for arm in plan.arms)
    planned = replace(run.experiments[0], plans=(replace(plan, arms=arms),))
    other = replace(run, id="other", experiments=(planned,))
    with pytest.raises(UsageProblem, match="different faults"):
        compare_runs([(run, frames), (other, frames)])
    steady = made_run.made_frames(blocks=3, per_slice=60)
    with pytest.raises(UsageProblem, match="faults were done to"):
        compare_runs([(run, frames), (made_run.made_run(steady), steady)])


def test_an_arm_has_its_modes_colour_and_a_shape_of_its_own() -> None:
    assert look("redis-aof").colour == look("redis").colour
    assert look("redis-aof").shape != look("redis").shape
    assert look("sticky-pause-long").colour == look("sticky").colour
    assert look("jwt-cookie-slow").colour == look("jwt-cookie").colour
    assert look("mine-own").colour == look("mine-own").colour


def test_nothing_of_a_hostile_history_becomes_markup() -> None:
    evil = "<img src=x onerror=alert(1)>|`*_[a](javascript:alert(1))\u202e</script>"
    run, frames, histories = fault_run()
    told = histories["12-sticky"]
    check = told.checks[0]
    event = replace(check.violations[0].timeline[0], words=evil, worker=evil, request_id=evil, outcome=evil)
    bad = replace(check, summary=evil, violations=(replace(check.violations[0], summary=evil, timeline=(event,)),))
    fault = replace(told.faults[0], kind=evil, target=evil, proof=evil)
    report = build_report(run, frames, {**histories, "12-sticky": TrialHistory((fault,), (bad,))})
    read = Page(page := render_html(report))
    assert not read.all("img")
    assert not [attrs for _, attrs in read.elements if any(name.startswith("on") for name in attrs)]
    assert len(read.scripts) == 3
    assert "\u202e" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in render_markdown(report)
