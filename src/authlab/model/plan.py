"""What an experiment stands up, loads and harms: arms, and the way in which they are exercised. Stored in run.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from authlab.model.faults import PlannedFault
from authlab.model.modes import Mode
from authlab.model.session_store import Persistence
from authlab.model.windows import AGAIN

TAIL_S: Final = 4.0
"""How long the load goes on after the last fault has ended, at least: users must meet what it left."""

SLACK_S: Final = 60.0
"""How much longer than planned the load may go on where faults take their time: restarts on a busy machine."""

Relogin = Literal["never", "once", "always"]

Seed = Annotated[int, Meta(ge=0)]


@dataclass(frozen=True)
class Arm:
    """One mode under one load. `label` stands for it in run, report and samples; its stack is its own.

    `rate_rps` is the rate over all of its `users`; `phases` are (seconds, requests per second) one after the other in
    its place. `slices` is how many slices of a block it gets: with two, the second one's label ends in `AGAIN`.
    `scenario` names what the users do, `mix` the shares of its operations (None: the scenario's own). `relogin`: what a
    user does whose credential is refused. `timeout_s` is when a request is given up. `addresses`: every user comes from
    an address of its own.
    `settings` are `AUTHLAB_…` variables of its workers. `read_timeout_s` is the proxy's. `persistence` is its store's;
    `linked` puts a link in front of the store, which can delay, stall and cut; `probe_store`: what reading a session
    costs there is measured before the load. `full_cost`: passwords are hashed at Werkzeug's default cost.
    `in_turn_s`: no fault begins before the one before it has been over for so many seconds.
    """

    label: str
    mode: Mode
    workers: int
    users: int
    rate_rps: float
    slices: int = 1
    scenario: str = ""
    mix: Mapping[str, float] | None = None
    relogin: Relogin = "never"
    timeout_s: float = 5.0
    addresses: bool = False
    phases: tuple[tuple[float, float], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    read_timeout_s: float = 30.0
    persistence: Persistence = "none"
    linked: bool = False
    probe_store: bool = False
    full_cost: bool = False
    faults: tuple[PlannedFault, ...] = ()
    in_turn_s: float | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its slices: its own, and its twin's where it has two."""
        return (self.label, self.label + AGAIN)[: self.slices]


class Interleaved(Struct, frozen=True, tag="interleaved"):
    """The load moves between the arms: `blocks` times each slice once, in an order that the seed shuffles.

    A slice lasts `slice_s`, of which the first `warmup_s` are kept apart; `gap_s` lie between two slices.
    """

    blocks: int
    slice_s: float
    warmup_s: float
    gap_s: float


class SideBySide(Struct, frozen=True, tag="side-by-side"):
    """All arms are loaded at the same time, for `duration_s`.

    Where there are faults the load goes on until all have been over for `TAIL_S`, but `SLACK_S` longer at most.
    `timed`: times are what is measured, so a machine that others use puts it in doubt.
    """

    duration_s: float
    timed: bool = False


class Step(Struct, frozen=True):
    """One step of a procedure as it was done, and the numbers that the rule took from it (None: not known yet)."""

    exercise: Interleaved | SideBySide
    found: dict[str, float | None] = {}


class Procedure(Struct, frozen=True, tag="procedure"):
    """Steps that follow from each other by a `rule`, known by its name, with its `numbers`.

    The rule is stored before the first step; each step is appended when it is done. `most_s`: no step begins that would
    end later than this. `ended` says why there were no more; empty while it goes on, or where it was cut off.
    """

    rule: str
    numbers: dict[str, float]
    words: dict[str, str]
    most_s: float
    steps: tuple[Step, ...] = ()
    ended: str = ""


Exercise = Interleaved | SideBySide | Procedure


@dataclass(frozen=True)
class Plan:
    """Arms that stand at the same time, and how they are exercised. `stage` tells the plans of an experiment apart.

    `may_saturate`: a stack at its limit is what is wanted, no reason for doubt.
    """

    stage: str
    arms: tuple[Arm, ...]
    exercise: Exercise
    seed: Seed
    may_saturate: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all slices, in the order of the arms."""
        return tuple(label for arm in self.arms for label in arm.labels)

    @property
    def side_by_side(self) -> bool:
        """Whether its arms are loaded at the same time: what is measured of two of them then stands side by side."""
        if isinstance(self.exercise, Procedure):
            return any(isinstance(step.exercise, SideBySide) for step in self.exercise.steps)
        return isinstance(self.exercise, SideBySide)

    @property
    def requests(self) -> int:
        """How many requests its schedules ask for, at most and about."""
        match self.exercise:
            case Interleaved(blocks=blocks, slice_s=slice_s):
                return round(blocks * slice_s * sum(arm.slices * arm.rate_rps for arm in self.arms))
            case SideBySide(duration_s=seconds):
                return round((seconds + SLACK_S) * sum(arm.rate_rps for arm in self.arms))
            case Procedure(most_s=most_s):
                return round(most_s * max(arm.rate_rps for arm in self.arms))

    @property
    def most_workers(self) -> int:
        """How many workers stand at the same time, at most: a fault may add one to each arm."""
        return sum(arm.workers + (1 if arm.faults else 0) for arm in self.arms)

    def arm(self, label: str) -> Arm:
        """The arm of that label, or of its twin. Raises `KeyError`."""
        for arm in self.arms:
            if label in (arm.label, arm.label + AGAIN):
                return arm
        raise KeyError(label)
