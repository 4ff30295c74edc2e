"""All figures, in the order of reading. A new one is a file beside this one, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final

from authlab.report.figure import Figure
from authlab.report.setups import Experiment, Setup

# Each file has a function of its own name.
_OF_EXPERIMENT: Final = (
    "implementations",
    "stages",
    "checks",
    "faults",
)
_IN_THE_END: Final = ("observations",)
_OF_SETUP: Final = (
    "timeline",
    "examples",
    "failures",
    "differences",
    "percentiles",
    "heatmap",
    "cpu",
    "memory",
    "balance",
    "outcomes",
    "generator",
)


def _figures(names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(getattr(import_module(f"authlab.report.figures.{name}"), name) for name in names)


OF_EXPERIMENT: Final[tuple[Callable[[Experiment], Iterator[Figure]], ...]] = _figures(_OF_EXPERIMENT)
"""Over all stages of an experiment. Each yields nothing where it has no data."""

IN_THE_END: Final[tuple[Callable[[Experiment], Iterator[Figure]], ...]] = _figures(_IN_THE_END)
"""Over all stages too, but after what is of each."""

OF_SETUP: Final[tuple[Callable[[Setup], Iterator[Figure]], ...]] = _figures(_OF_SETUP)
"""Of a single stage."""

TELLING: Final = ("failures-by-workers", "failures-by-stage", "checks", "timeline", "failures", "differences")
"""Which figure opens an experiment that names none: the first of these that it has."""
