"""Setups: known by their stage, titled by what varies; what arms side by side cost is read about once a second."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from authlab.model.plan import Interleaved, Procedure, Step
from authlab.model.run import Run
from authlab.report import build_report, render_html, render_markdown, summary_lines
from authlab.report.facts import standfirst
from authlab.report.limits import limits_of
from authlab.report.method import method_of
from authlab.store.frames import RESOURCES_SCHEMA, TrialFrames
from tests.unit.report.made_faults import NS, ORIGIN, fault_run
from tests.unit.report.made_run import breaking_run, interleaved, made_frames, made_run, trials_of

STAGES = ("first", "second", "third")


def staged_run() -> tuple[Run, dict[str, TrialFrames]]:
    """Three stages of three workers each."""
    frames: dict[str, TrialFrames] = {}
    trials = []
    for place, stage in enumerate(STAGES):
        made = made_frames(("none", "memory"), blocks=6, per_slice=60, seed=place + 1, twin=False)
        named = {f"{place}{name}@{stage}": held for name, held in made.items()}
        trials += [replace(trial, stage=stage) for trial in trials_of(named)]
        frames |= named
    run = made_run(frames)
    plans = tuple(interleaved(stage, ("none", "memory"), 6) for stage in STAGES)
    return replace(run, trials=tuple(trials), experiments=(replace(run.experiments[0], plans=plans),)), frames


def test_three_stages_of_three_workers_are_told_apart_by_their_stage() -> None:
    report = build_report(*staged_run())
    assert [setup.stage for setup in report.setups] == list(STAGES)
    said = " ".join([render_markdown(report), render_html(report), *summary_lines(report)])
    assert "3, 3, 3" not in said
    assert "In the stages first, second, third `memory` refused" in render_markdown(report)
    assert "3 workers: failures" not in said
    assert "Second: failures, response time" in said


def test_a_mode_whose_load_reached_one_worker_alone_is_compared_with_nothing_and_the_report_says_so_first() -> None:
    frames = made_frames(("none", "sticky", "jwt"), blocks=6, per_slice=60)
    name = next(name for name in frames if name.endswith("sticky"))
    alone = frames[name].samples.with_columns(worker=pl.lit("worker-2"))
    report = build_report(made_run(frames), {**frames, name: replace(frames[name], samples=alone)})
    (setup,) = report.setups
    assert setup.on_one_worker == {"sticky": "worker-2"}
    assert setup.ratios
    assert {row.label for section in setup.ratios for row in section.rows} == {"none-again", "jwt"}
    said = "`sticky` is not compared: worker-2 of 3 workers gave (almost) all of its answers"
    assert standfirst(report).startswith(said)
    assert any(said.replace("`", "") in line.replace("`", "") for line in summary_lines(report)), "in the terminal too"
    assert "`sticky` +" not in standfirst(report)


def test_stages_that_vary_the_number_of_workers_are_told_apart_by_it() -> None:
    report = build_report(*breaking_run())
    assert "With 1, 2, 4, 8 workers `memory` refused" in render_markdown(report)
    assert "8\u00a0workers: failures, response time" in render_html(report)


@pytest.mark.parametrize(("ended", "said"), [("CPU is known to 2 %", "until: CPU is known to 2 %."), ("", "cut off")])
def test_a_procedure_is_an_interleaved_setup_that_says_why_it_ended(ended: str, said: str) -> None:
    frames = made_frames(blocks=6, per_slice=60)
    run = made_run(frames)
    (plan,) = run.experiments[0].plans
    steps = tuple(Step(Interleaved(3, 1.0, 0.1, 0.05)) for _ in range(2))
    procedure = replace(plan, exercise=Procedure("until-precise", {}, {}, 60.0, steps, ended))
    report = build_report(replace(run, experiments=(replace(run.experiments[0], plans=(procedure,)),)), frames)
    points = {point.term: point.text for point in method_of(report)}
    assert points["Interleaved blocks"].startswith("6\u00a0blocks of 1 s slices")
    assert said in points["Step by step"]
    assert bool(ended) != any("cut off" in limit for limit in limits_of(report))
    assert report.setups[0].ratios, "its modes are held against none"


def read_each_second(held: TrialFrames, *, died_in: int) -> TrialFrames:
    """The arm with two parts read each second: 24 requests a second at 48 ms of CPU; in one second a worker died."""
    rows = [
        (0, part, ORIGIN + k * NS, ORIGIN + (k + 1) * NS, None if dead else cpu, (10 + k) * 1024**2)
        for k in range(12)
        for part, cpu in (("proxy", 12_000_000), ("worker-1", 36_000_000))
        for dead in [k == died_in and part != "proxy"]
    ]
    return TrialFrames(held.samples, held.windows, pl.DataFrame(rows, schema=RESOURCES_SCHEMA, orient="row"))


def test_cpu_of_arms_side_by_side_is_per_reading_and_one_in_which_a_process_died_is_left_out() -> None:
    run, frames, histories = fault_run()
    read = {name: read_each_second(held, died_in=5) for name, held in frames.items()}
    (setup,) = build_report(run, read, histories).setups
    costs = {cost.label: cost for cost in setup.costs}
    assert costs["sticky"].value == pytest.approx(2000, rel=0.02)
    assert (costs["sticky"].proxy, costs["sticky"].workers) == pytest.approx((500, 1500), rel=0.02)
    # The torn last second has no block of its own.
    assert set(setup.tables.column("sticky", "cpu_us")) == set(range(11)) - {5}
    (part,) = build_report(run, read, histories).parts
    figures = {figure.id: figure for figure in part.of_setups[0][1]}
    assert {"cpu", "memory"} <= figures.keys()
    plain, _ = build_report(run, frames, histories).parts[0].of_setups[0]
    assert not plain.costs
