"""What an experiment is: a claim, predictions made before anything runs, stages to measure, a verdict rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from authlab.load.scenario import Scenario
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Prediction
from authlab.model.modes import Mode, mode_named
from authlab.model.windows import mode_of
from authlab.store.frames import TrialFrames

SLICE_S: Final = 0.25
"""Length of a slice, unless the user wants another. What is held against each other must lie close in time: a shared
machine's speed was seen to drift by 18 % within seconds (autocorrelation of neighbouring slices 0.9). docs/method.md
has the widths of intervals at other lengths; shorter slices lose more to warm-up and gaps than they gain."""


@dataclass(frozen=True)
class Options:
    """What the user chose for a run. Times in seconds, rate in requests per second over all users.

    `budget_s` is the time that a run may take; `asked_s` is the same where the user named it, for experiments
    that need another default. The first `warmup_s` of a slice are kept apart (seen: the first 20 ms are 15 % slower),
    but never more than a quarter of it. `repeat` is how often a fault experiment is done, each time with a seed of
    its own. `modes` are names; those in `own_modes` are the user's. `scenario` is what the users do, None for the
    default. `faults` are those that the user chose.
    """

    workers: int = 3
    users: int = 50
    rate_rps: float = 300.0
    slice_s: float = SLICE_S
    warmup_s: float = 0.03
    gap_s: float = 0.02
    blocks: int | None = None
    budget_s: float = 180.0
    asked_s: float | None = None
    modes: tuple[str, ...] = ()
    seed: int = 1
    repeat: int = 2
    quick: bool = False
    own_modes: tuple[Mode, ...] = ()
    scenario: Scenario | None = None
    faults: tuple[PlannedFault, ...] = ()

    def mode(self, name: str) -> Mode:
        """The mode of that name, built in or the user's. Raises `UnknownName`."""
        return mode_named(name, self.own_modes)


@dataclass(frozen=True)
class Stage:
    """Stacks that stand side by side, and the interleaved slices of load that move between them.

    `labels` are measured once per block each, in shuffled order; a label is a mode's name, or that plus
    `AGAIN` for the second slice of an A/A pair. `own_modes` are the user's modes, of which some may be among them;
    `scenario` is what the users do, None for the default. `may_saturate`: a stack at its limit is what is wanted, no
    reason for doubt.
    """

    key: str
    workers: int
    labels: tuple[str, ...]
    blocks: int
    slice_s: float
    warmup_s: float
    gap_s: float
    users: int
    rate_rps: float
    seed: int
    own_modes: tuple[Mode, ...] = ()
    scenario: Scenario | None = None
    may_saturate: bool = False

    def mode(self, name: str) -> Mode:
        """The mode of that name, built in or the user's. Raises `UnknownName`."""
        return mode_named(name, self.own_modes)

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes whose stacks the stage needs, each once."""
        return tuple(dict.fromkeys(mode_of(label) for label in self.labels))

    @property
    def duration_s(self) -> float:
        """How long the load runs."""
        return self.blocks * len(self.labels) * (self.slice_s + self.gap_s)

    @property
    def requests(self) -> int:
        """How many requests the schedule asks for, about."""
        return round(self.blocks * len(self.labels) * self.slice_s * self.rate_rps)


@dataclass(frozen=True)
class StageData:
    """What a stage brought: the tables of each mode's trial, and the reasons why a trial is not valid."""

    stage: Stage
    frames: Mapping[str, TrialFrames]
    invalid: Mapping[str, tuple[str, ...]]


class Experiment(Protocol):
    """One claim. Implementations are stateless."""

    @property
    def id(self) -> str:
        """Its name on the command line."""

    @property
    def claim(self) -> str:
        """What it puts to the test, in the words of those who say it."""

    @property
    def summary(self) -> str:
        """One line for `authlab list`."""

    def stages(self, options: Options) -> list[Stage]:
        """What to stand up and measure, in order."""

    def predictions(self, options: Options) -> list[Prediction]:
        """What must come out if the claim's model is right. Called before anything runs."""

    def judge(self, predictions: Sequence[Prediction], data: Sequence[StageData]) -> ExperimentResult:
        """Hold the predictions against what was measured. Pure: reads nothing but its arguments."""
