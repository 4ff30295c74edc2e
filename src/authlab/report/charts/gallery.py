"""All figures of a setup, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from authlab.report.charts.balance import balance_figure
from authlab.report.charts.cpu import cpu_figure
from authlab.report.charts.differences import differences_figure
from authlab.report.charts.failures import failures_figure
from authlab.report.charts.generator import generator_figure
from authlab.report.charts.harm import checks_figure, faults_figure
from authlab.report.charts.heatmap import heatmap_figure
from authlab.report.charts.lanes import example_figures
from authlab.report.charts.memory import memory_figure
from authlab.report.charts.outcomes import outcomes_figure
from authlab.report.charts.percentiles import percentiles_figure
from authlab.report.charts.timeline import timeline_figure
from authlab.report.figure import Figure

FIGURES: Final[tuple[Callable[[dict[str, Any]], Figure | None], ...]] = (
    failures_figure,
    differences_figure,
    percentiles_figure,
    heatmap_figure,
    cpu_figure,
    memory_figure,
    balance_figure,
    outcomes_figure,
    generator_figure,
)


def figures_of(setup: dict[str, Any]) -> list[Figure]:
    """The figures for which a setup has data; of a fault stage first what was done and what it broke."""
    found = [figure for make in FIGURES if (figure := make(setup)) is not None]
    if "history" not in setup:
        return found
    timeline = timeline_figure(setup)
    return [*([timeline] if timeline else []), *example_figures(setup), *found]


def harm_figures_of(experiment: dict[str, Any]) -> list[Figure]:
    """The tables over all stages of a fault experiment; none for any other."""
    made = (checks_figure(experiment), faults_figure(experiment))
    return [figure for figure in made if figure is not None]
