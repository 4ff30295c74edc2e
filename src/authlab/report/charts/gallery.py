"""All figures of a setup, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from authlab.report.charts.balance import balance_figure
from authlab.report.charts.cpu import cpu_figure
from authlab.report.charts.differences import differences_figure
from authlab.report.charts.failures import failures_figure
from authlab.report.charts.generator import generator_figure
from authlab.report.charts.heatmap import heatmap_figure
from authlab.report.charts.memory import memory_figure
from authlab.report.charts.outcomes import outcomes_figure
from authlab.report.charts.percentiles import percentiles_figure
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
    """The figures for which a setup has data."""
    return [figure for make in FIGURES if (figure := make(setup)) is not None]
