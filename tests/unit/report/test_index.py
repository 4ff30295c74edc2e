"""A run of several experiments opens with an index; each experiment's details are folded, its telling figure first."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace

import pytest

from authlab.model.run import Run
from authlab.report import Report, build_report, render_html, report_json
from authlab.report.cards import Card
from authlab.report.figure import Figure, Table, columns
from authlab.report.figures.catalogue import OF_SETUP, TELLING
from authlab.report.glimpse import glimpse
from authlab.report.setups import Setup
from tests.unit.report import made_run
from tests.unit.report.made_faults import fault_run
from tests.unit.report.page_reading import Page


def both() -> Report:
    """The main comparison and a fault experiment in one run."""
    run, frames, histories = fault_run()
    steady = made_run.made_frames(blocks=4, per_slice=60)
    whole = made_run.made_run(steady)
    merged = replace(run, experiments=(*whole.experiments, *run.experiments), trials=(*whole.trials, *run.trials))
    return build_report(merged, {**steady, **frames}, histories)


def test_each_claim_is_a_link_to_its_folded_details() -> None:
    read = Page(page := render_html(both()))
    assert page.index('class="judged index"') < page.index('<details class="part whole"')
    folds = [attrs for _, attrs in read.all("details") if attrs.get("class") == "part whole"]
    links = [attrs["href"] for _, attrs in read.all("a")]
    assert len(folds) == 2
    for fold in folds:
        assert "open" not in fold
        assert f"#{fold['id']}" in links


def test_a_run_of_one_experiment_has_no_index_and_nothing_of_it_is_folded() -> None:
    page = render_html(build_report(made_run.made_run(), made_run.made_frames(blocks=4, per_slice=60)))
    assert "judged index" not in page
    assert "part whole" not in page


def test_every_claim_has_a_drawing_that_says_how_many_predictions_were_met() -> None:
    for card in both().cards:
        drawing = glimpse(card)
        met = sum(row.verdict == "confirmed" for row in card.rows)
        assert f'aria-label="{met} of {len(card.rows)} predictions confirmed"' in drawing
        assert drawing.count("<circle") == len([row for row in card.rows if row.judgement])
        assert len(drawing) < 6000


def test_a_claim_without_predictions_has_no_drawing() -> None:
    assert glimpse(Card("x", "X", "confirmed", "", (), (), yes_no=False)) == ""


@pytest.mark.parametrize(("named", "first"), [("cpu", "cpu"), ("", "failures"), ("no-such-figure", "failures")])
def test_the_figure_that_an_experiment_names_comes_first(named: str, first: str) -> None:
    frames = made_run.made_frames(blocks=4, per_slice=60)
    run = made_run.made_run(frames)
    told: Run = replace(run, experiments=(replace(run.experiments[0], telling=named),))
    read = Page(render_html(build_report(told, frames)))
    figures = [attrs["id"] for _, attrs in read.all("section") if attrs.get("class", "").startswith("figure")]
    assert figures[0] == f"e1-{first}"
    assert len(figures) == len(set(figures))
    assert first in TELLING or named


def test_a_tables_csv_is_safe_in_a_spreadsheet() -> None:
    table = Table(
        "x", columns("A", "B, C", words="A"), [["=1+1", "+12 %"], ['say "x"', "-1\u00a0ms"], ["+run", "\u202e"]]
    )
    assert list(csv.reader(table.csv().splitlines())) == [
        ["A", "B, C"], ["'=1+1", "+12 %"], ['say "x"', "-1 ms"], ["'+run", ""],
    ]  # fmt: skip


def test_a_figure_of_ones_own_is_a_function_and_a_line_in_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    def labels(setup: Setup) -> Iterator[Figure]:
        rows = [[label, str(len(label))] for label in setup.labels]
        yield Figure(
            "letters", "What was measured", "Read it.", Table("Labels", columns("Label", "Letters"), rows), data=rows
        )

    monkeypatch.setattr("authlab.report.report.OF_SETUP", (*OF_SETUP, labels))
    frames = made_run.made_frames(blocks=4, per_slice=60)
    report = build_report(made_run.made_run(frames), frames)
    held = Page(page := render_html(report)).held()["figures"]
    assert 'id="e1-letters"' in page
    assert held["e1-letters"]["csv"].startswith("Label,Letters\nnone,4\n")
    assert report_json(report)["experiments"][0]["setups"][0]["letters"][0] == ["none", "4"]
