"""A stored run as its report: everything that the outputs show, and nothing that isn't in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final

from authlab.model.history import TrialHistory
from authlab.model.run import Run
from authlab.report.cards import Card, card_of
from authlab.report.figure import Figure
from authlab.report.figures.catalogue import IN_THE_END, OF_EXPERIMENT, OF_SETUP, TELLING
from authlab.report.matrix import Matrix, matrix_of
from authlab.report.setups import Experiment, Setup, experiments_of
from authlab.store.frames import TrialFrames

_NO_HISTORIES: Final[Mapping[str, TrialHistory]] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Part:
    """All figures of one experiment: `before` and `after` are over all of its stages, the others of one.

    `telling` is the one that comes first; it also stands in its own place.
    """

    experiment: Experiment
    before: tuple[Figure, ...]
    of_setups: tuple[tuple[Setup, tuple[Figure, ...]], ...]
    after: tuple[Figure, ...]

    @property
    def telling(self) -> Figure | None:
        """The figure that the experiment names, else the first of `TELLING` that it has."""
        found: dict[str, Figure] = {}
        for figure in (*self.before, *(figure for _, figures in self.of_setups for figure in figures), *self.after):
            found.setdefault(figure.id, figure)
        return next((found[name] for name in (self.experiment.result.telling, *TELLING) if name in found), None)


def _part(experiment: Experiment) -> Part:
    return Part(
        experiment,
        tuple(figure for make in OF_EXPERIMENT for figure in make(experiment)),
        tuple((setup, tuple(figure for make in OF_SETUP for figure in make(setup))) for setup in experiment.setups),
        tuple(figure for make in IN_THE_END for figure in make(experiment)),
    )


@dataclass(frozen=True, eq=False)
class Report:
    """A run, its experiments as measured, and what follows for the reader. Figures are made when first asked for."""

    run: Run
    experiments: tuple[Experiment, ...]

    @property
    def setups(self) -> tuple[Setup, ...]:
        """The setups of all experiments."""
        return tuple(setup for experiment in self.experiments for setup in experiment.setups)

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """One per experiment that claims something, in the order of the run."""
        return tuple(card_of(experiment) for experiment in self.experiments if experiment.result.claim)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The experiments with their figures."""
        return tuple(_part(experiment) for experiment in self.experiments)

    @cached_property
    def matrix(self) -> Matrix | None:
        """The browser lab's matrix, as far as the run asked it."""
        return matrix_of([experiment.result for experiment in self.experiments])

    @property
    def requests(self) -> int:
        """All requests that were recorded."""
        return sum(setup.tables.samples.height for setup in self.setups)

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to finish, None while the run has no end or its times can't be read."""
        if self.run.finished_at is None:
            return None
        try:
            begun, ended = (datetime.fromisoformat(moment) for moment in (self.run.started_at, self.run.finished_at))
        except ValueError:
            return None
        return (ended - begun).total_seconds()


def build_report(
    run: Run, frames: Mapping[str, TrialFrames], histories: Mapping[str, TrialHistory] = _NO_HISTORIES
) -> Report:
    """The report of a run.

    `frames` holds each trial's tables by the trial's id; a trial whose tables are missing or empty is listed
    but not charted. `histories` holds what was done to the arms that stood side by side, and what it did. The same
    run gives the same report, on any machine: resampling is seeded by the run's seed.
    """
    return Report(run, experiments_of(run, frames, histories))
