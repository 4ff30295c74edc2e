"""Verdicts of the browser lab: equal or not, and nothing that rests on an attack which was never seen to work."""

from __future__ import annotations

import pytest

from authlab.browser.checks import CHECKS, CONTROLS, OTHER_AGAIN, embedded
from authlab.browser.order import Answer
from authlab.browser.rules import rulings
from authlab.experiments.browser import BROWSER_EXPERIMENTS, BrowserExperiment
from authlab.experiments.catalogue import GROUPS, chosen
from authlab.experiments.evidence import Evidence
from authlab.experiments.judging import judge, planned
from authlab.model.findings import ExperimentResult
from authlab.report.matrix import matrix_of


def as_predicted() -> dict[str, Answer]:
    """Every question of the lab answered as its prediction says."""
    found = [
        Answer(p.mode, p.quantity, bool(p.value))
        for experiment in BROWSER_EXPERIMENTS.values()
        for p in planned(experiment, ()).predictions
    ]
    return {answer.key: answer for answer in found}


def judged(experiment: BrowserExperiment, answers: dict[str, Answer]) -> ExperimentResult:
    return judge(experiment, planned(experiment, ()), Evidence((), answers=answers))


def test_the_group_has_the_nine_claims() -> None:
    assert GROUPS["browser"] == tuple(CHECKS)
    assert [e.id for e in chosen(("browser",))] == list(CHECKS)
    assert len(CHECKS) == 9


@pytest.mark.parametrize("name", BROWSER_EXPERIMENTS)
def test_answers_as_predicted_confirm(name: str) -> None:
    result = judged(BROWSER_EXPERIMENTS[name], as_predicted())
    assert result.verdict is not None
    assert result.verdict.value == "confirmed"
    assert len(result.judgements) == len(result.predictions) > 0


@pytest.mark.parametrize("name", BROWSER_EXPERIMENTS)
def test_no_question_is_asked_twice_and_none_is_left_out_of_the_work(name: str) -> None:
    experiment = BROWSER_EXPERIMENTS[name]
    keys = [(p.mode, p.quantity) for p in planned(experiment, ()).predictions]
    assert len(set(keys)) == len(keys)
    asked = {f"{place}|{attack}" for place, attack in experiment.cells}
    for subject, quantity in keys:
        attack, sign, _ = quantity.partition(": ")
        assert not sign or f"{subject}|{attack}" in asked


def test_one_answer_against_its_prediction_refutes_and_names_it() -> None:
    answers = as_predicted()
    changed = Answer("cookie-lax", "forged-get: state changed", value=False, note="answered 401", evidence="x")
    answers[changed.key] = changed
    result = judged(BROWSER_EXPERIMENTS["samesite-lax"], answers)
    assert result.verdict is not None
    assert result.verdict.value == "refuted"
    assert any("cookie-lax, forged-get: state changed: no, against" in reason for reason in result.verdict.reasons)
    assert any("evidence/x" in o.note for o in result.observations)


def test_a_question_without_an_answer_is_inconclusive_never_a_pass() -> None:
    for empty in ({}, {"memory|ride: state changed": Answer("memory", "ride: state changed", None, "did not run")}):
        verdict = judged(BROWSER_EXPERIMENTS["xss-rides-session"], empty).verdict
        assert verdict is not None
        assert verdict.value == "inconclusive"


@pytest.mark.parametrize(
    ("experiment", "control", "denied"),
    [
        ("csrf-cookies", "cookie-none|forged-post: state changed", "cookie-lax"),
        ("csrf-cookies", "reflect|evil.test reads the answer", "cookie-none"),
        ("xss-local-storage", "local-storage|steal-passive: credential stolen", "memory"),
        ("csrf-cookies", f"cookie-none|{embedded('image', 'allowed', 'state changed')}", "cookie-lax"),
        ("csrf-cookies", f"cookie-unset|{OTHER_AGAIN}", "cookie-unset"),
    ],
)
def test_a_no_counts_only_where_the_positive_control_showed_the_attack_working(
    experiment: str, control: str, denied: str
) -> None:
    answers = as_predicted()
    del answers[control]
    result = judged(BROWSER_EXPERIMENTS[experiment], answers)
    doubted = [
        j
        for j in result.judgements
        if j.verdict.value == "inconclusive" and "positive control" in str(j.verdict.reasons)
    ]
    assert denied in {j.prediction.mode for j in doubted}
    assert all(j.observation is not None and j.observation.value == 0 for j in doubted)


def test_the_matrix_of_the_report_holds_every_cell_in_words() -> None:
    answers = as_predicted()
    results = [judged(experiment, answers) for experiment in BROWSER_EXPERIMENTS.values()]
    matrix = matrix_of(results)
    assert matrix is not None
    assert len(matrix.rows) == 9
    assert all(cell.asks for row in matrix.rows for cell in row.cells)
    assert matrix.questions == len(rulings())
    assert matrix.summary == f"{len(rulings())} confirmed"
    assert matrix_of([]) is None


def test_the_control_of_a_single_scenario_is_a_question_that_is_predicted_to_be_answered_yes() -> None:
    asked = {(c.subject, c.question): c.holds for found in CHECKS.values() for c in found}
    assert len(CONTROLS) > 20
    assert all(asked[control] for control in CONTROLS.values())


def test_images_and_frames_carry_a_cookie_of_none_alone_and_only_where_third_party_cookies_are_allowed() -> None:
    found = [c for c in CHECKS["csrf-cookies"] if c.scenario.startswith("embedded")]
    assert len(found) == 2 * 2 * 3 * 2
    assert {(c.subject, c.scenario) for c in found if c.holds} == {("cookie-none", "embedded-allowed")}
