"""All figures, in the order of reading. A new one is a file beside this one, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from authlab.report.figure import Figure
from authlab.report.figures.balance import balance
from authlab.report.figures.checks import checks
from authlab.report.figures.cpu import cpu
from authlab.report.figures.differences import differences
from authlab.report.figures.examples import examples
from authlab.report.figures.failures import failures
from authlab.report.figures.faults import faults
from authlab.report.figures.generator import generator
from authlab.report.figures.heatmap import heatmap
from authlab.report.figures.memory import memory
from authlab.report.figures.observations import observations
from authlab.report.figures.outcomes import outcomes
from authlab.report.figures.percentiles import percentiles
from authlab.report.figures.stages import stages
from authlab.report.figures.timeline import timeline
from authlab.report.setups import Experiment, Setup

OF_EXPERIMENT: Final[tuple[Callable[[Experiment], Iterator[Figure]], ...]] = (stages, checks, faults)
"""Over all stages of an experiment. Each yields nothing where it has no data."""

IN_THE_END: Final[tuple[Callable[[Experiment], Iterator[Figure]], ...]] = (observations,)
"""Over all stages too, but after what is of each."""

OF_SETUP: Final[tuple[Callable[[Setup], Iterator[Figure]], ...]] = (
    timeline,
    examples,
    failures,
    differences,
    percentiles,
    heatmap,
    cpu,
    memory,
    balance,
    outcomes,
    generator,
)
"""Of a single stage."""

TELLING: Final = ("failures-by-workers", "failures-by-stage", "checks", "timeline", "failures", "differences")
"""Which figure opens an experiment that names none: the first of these that it has."""
