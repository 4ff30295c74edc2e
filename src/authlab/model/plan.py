"""Plans: the arms of an experiment, with their load and faults, as run.json stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from authlab.model.faults import PlannedFault
from authlab.model.modes import Mode
from authlab.model.session_store import Persistence
from authlab.model.windows import AGAIN, mode_of

TAIL_S: Final = 4.0
"""The load goes on for at least this long after the last fault, for users to meet its effects."""

SLACK_S: Final = 60.0
"""How much longer than planned the load may go on if faults take long, such as restarts on a busy machine."""

Relogin = Literal["never", "once", "always"]

Seed = Annotated[int, Meta(ge=0)]


@dataclass(frozen=True)
class Arm:
    """One mode under one load, with a stack of its own. `label` is its name in run, report and samples.

    `rate_rps` is the rate over all of its `users`. `phases`, in its place, are (seconds, requests per second) one after
    the other. `slices` is the number of its slices per block; with two, the label of the second ends in `AGAIN`.
    `scenario` names what the users do, and `mix` gives the shares of its operations (None: the scenario's own).
    `relogin` is what users do whose credential is refused. `timeout_s` is the time after which a request is given up.
    `settings` are `AUTHLAB_…` variables of its workers. `read_timeout_s` is the proxy's. `persistence` is its store's.
    `linked` puts a link in front of the store, which can delay, stall and cut. `probe_store`: the cost of reading a
    session there is measured before the load. `full_cost`: passwords are hashed at Werkzeug's default cost.
    `in_turn_s`: a fault begins only when the one before it has been over for so many seconds.
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
        """The labels of its slices: its own, and a second one if it has two."""
        return (self.label, self.label + AGAIN)[: self.slices]

    @property
    def addresses(self) -> bool:
        """Whether every user comes from an address of its own. Otherwise a proxy that routes by address uses one
        worker."""
        return self.mode.routes_by_address


class Interleaved(Struct, frozen=True, tag="interleaved"):
    """The load moves between the arms. Each of the `blocks` has every slice once, in an order that the seed shuffles.

    A slice lasts `slice_s`, and its first `warmup_s` are not counted. `gap_s` lie between two slices. The blocks are
    divided over `rounds`. Each round begins with freshly started stacks, and all users log in anew. (Runs stored before
    there were rounds started everything once.)
    """

    blocks: int
    slice_s: float
    warmup_s: float
    gap_s: float
    rounds: Annotated[int, Meta(ge=1)] = 1

    @property
    def by_round(self) -> tuple[Interleaved, ...]:
        """Its rounds, one after the other. The first ones have one block more if the blocks can't be shared equally."""
        each, more = divmod(self.blocks, self.rounds)
        sizes = [each + (place < more) for place in range(self.rounds)]
        return tuple(Interleaved(size, self.slice_s, self.warmup_s, self.gap_s) for size in sizes if size)


class SideBySide(Struct, frozen=True, tag="side-by-side"):
    """All arms are loaded at the same time, for `duration_s`.

    If there are faults, the load goes on until all have been over for `TAIL_S`, but at most `SLACK_S` longer.
    `timed`: times are measured, and other programs on the machine therefore put the plan in doubt.
    """

    duration_s: float
    timed: bool = False


class Step(Struct, frozen=True):
    """One step of a procedure as it was done, and the numbers that the rule computed from it (None: not yet)."""

    exercise: Interleaved | SideBySide
    found: dict[str, float | None] = {}


class Procedure(Struct, frozen=True, tag="procedure"):
    """Steps that a named `rule` with its `numbers` derives, each from those before.

    The rule is stored before the first step, and each step is appended when it is done. No step begins that would end
    later than `most_s`. `ended` says why there are no more steps; it is empty during the run or after an
    interruption. `fresh`: each step begins with freshly started stacks, as a round does. Otherwise all steps are one
    round.
    """

    rule: str
    numbers: dict[str, float]
    words: dict[str, str]
    most_s: float
    steps: tuple[Step, ...] = ()
    ended: str = ""
    fresh: bool = False


Exercise = Interleaved | SideBySide | Procedure


@dataclass(frozen=True)
class Plan:
    """Arms that run at the same time, and their load. `stage` identifies the plan within its experiment.

    `may_saturate`: a stack at its limit is intended and no reason for doubt.
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
    def rounds(self) -> tuple[int, ...]:
        """How many blocks each round has, in order; of a procedure, as far as its steps are known.

        Empty if its arms are loaded side by side.
        """
        match self.exercise:
            case Interleaved():
                return tuple(part.blocks for part in self.exercise.by_round)
            case Procedure(steps=steps, fresh=fresh):
                held = [step.exercise for step in steps if isinstance(step.exercise, Interleaved)]
                sizes = [part.blocks for exercise in held for part in exercise.by_round]
                return tuple(sizes) if fresh else (sum(sizes),)
            case SideBySide():
                return ()

    @property
    def round_ends(self) -> tuple[int, ...]:
        """The number of the first block after each round."""
        return tuple(accumulate(self.rounds))

    @property
    def side_by_side(self) -> bool:
        """Whether its arms are loaded at the same time."""
        if isinstance(self.exercise, Procedure):
            return any(isinstance(step.exercise, SideBySide) for step in self.exercise.steps)
        return isinstance(self.exercise, SideBySide)

    @property
    def requests(self) -> int:
        """The approximate upper limit of the number of requests in its schedules."""
        match self.exercise:
            case Interleaved(blocks=blocks, slice_s=slice_s):
                return round(blocks * slice_s * sum(arm.slices * arm.rate_rps for arm in self.arms))
            case SideBySide(duration_s=seconds):
                return round((seconds + SLACK_S) * sum(arm.rate_rps for arm in self.arms))
            case Procedure(most_s=most_s):
                return round(most_s * max(arm.rate_rps for arm in self.arms))

    @property
    def most_workers(self) -> int:
        """The most workers that run at the same time. A fault may add one to each arm."""
        return sum(arm.workers + (1 if arm.faults else 0) for arm in self.arms)

    def arm(self, label: str) -> Arm:
        """The arm with that label, or whose second slice has it. Raises `KeyError`."""
        arms = {arm.label: arm for arm in self.arms}
        return arms[label] if label in arms else arms[mode_of(label)]
