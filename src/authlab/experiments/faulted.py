"""What a fault experiment is: arms that stand side by side, each with its load and its faults, and a verdict rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from authlab.experiments.base import Options, Stage, StageData
from authlab.load.scenario import Scenario
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Prediction, Verdict
from authlab.model.history import Checked
from authlab.model.modes import Mode, mode_named
from authlab.model.session_store import Persistence, StoreProbe
from authlab.store.frames import TrialFrames

RATE_SHARE: Final = 1 / 3
"""Share of the run's rate that each arm gets: several of them are under load at the same time."""

TAIL_S: Final = 4.0
"""How long the load goes on after the last fault has ended, at least: users must meet what it left."""

SLACK_S: Final = 60.0
"""How much longer than planned the load may go on where faults take their time: restarts on a busy machine."""


@dataclass(frozen=True)
class Arm:
    """One mode under one load with its faults. `label` stands for it in run, report and samples.

    `settings` are `AUTHLAB_…` variables of its workers. `phases` are (seconds, requests per second) one after the other
    in place of the stage's rate. `scenario` names a shipped scenario, empty for the run's. `full_cost`: passwords are
    hashed at Werkzeug's default cost. `addresses`: every user comes from an address of its own. `in_turn_s`: no fault
    begins before the one before it has been over for so long, be it a slow one.
    `persistence` is its store's; `probe_store`: what reading a session costs there is measured before the load.
    """

    label: str
    mode: str
    faults: tuple[PlannedFault, ...] = ()
    in_turn_s: float | None = None
    workers: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    relogin: Literal["never", "once", "always"] = "once"
    persistence: Persistence = "none"
    probe_store: bool = False
    linked: bool = False
    read_timeout_s: float = 30.0
    timeout_s: float = 5.0
    mix: Mapping[str, float] | None = None
    scenario: str = ""
    full_cost: bool = False
    addresses: bool = False
    phases: tuple[tuple[float, float], ...] = ()
    users: int | None = None


@dataclass(frozen=True)
class FaultStage:
    """Arms that are loaded at the same time. `key` tells repetitions and variants apart.

    The load lasts `duration_s`, and beyond that until all faults have been over for `TAIL_S` (but `SLACK_S` at most).
    `timed`: times are what is measured, so a machine that others use puts it in doubt.
    """

    key: str
    arms: tuple[Arm, ...]
    duration_s: float
    workers: int
    users: int
    rate_rps: float
    seed: int
    own_modes: tuple[Mode, ...] = ()
    scenario: Scenario | None = None
    timed: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The arms' labels, which stand where modes' names stand elsewhere."""
        return tuple(arm.label for arm in self.arms)

    def mode(self, arm: Arm) -> Mode:
        """The mode that an arm runs. Raises `UnknownName`."""
        return mode_named(arm.mode, self.own_modes)

    def workers_of(self, arm: Arm) -> int:
        """How many workers an arm begins with."""
        return arm.workers or self.workers

    def users_of(self, arm: Arm) -> int:
        """How many users an arm has."""
        return arm.users or self.users

    def phases_of(self, arm: Arm) -> tuple[tuple[float, float], ...]:
        """(seconds, requests per second) one after the other; the last may be cut short where nothing is waited for."""
        *before, (seconds, rate) = arm.phases or ((self.duration_s, self.rate_rps),)
        slack_s = SLACK_S if any(other.faults for other in self.arms) else 0.0
        return (*before, (seconds + slack_s, rate))

    @property
    def most_workers(self) -> int:
        """How many workers stand at the same time."""
        return sum(self.workers_of(arm) + 1 for arm in self.arms)

    @property
    def requests(self) -> int:
        """How many requests the schedules ask for, about."""
        return round(len(self.arms) * (self.duration_s + SLACK_S) * self.rate_rps)


@dataclass(frozen=True)
class FaultData:
    """What a stage brought, by label: tables, reasons for doubt, faults as they happened, what the checkers say.

    `probes` are of the arms that ask for them (`Arm.probe_store`), taken one after the other.
    """

    stage: FaultStage
    frames: Mapping[str, TrialFrames]
    invalid: Mapping[str, tuple[str, ...]]
    faults: Mapping[str, tuple[FaultEvent, ...]]
    checks: Mapping[str, tuple[Checked, ...]]
    probes: Mapping[str, tuple[StoreProbe, ...]] = field(default_factory=dict)


class FaultExperiment(ABC):
    """One claim about what happens when something dies, grows, is redeployed or rotated. Stateless."""

    id: ClassVar[str]
    claim: ClassVar[str]
    summary: ClassVar[str]

    def stages(self, options: Options) -> list[Stage]:  # noqa: ARG002 - the protocol's
        """None that are interleaved."""
        return []

    @abstractmethod
    def fault_stages(self, options: Options) -> list[FaultStage]:
        """What to stand up, load and harm, in order."""

    @abstractmethod
    def predictions(self, options: Options) -> list[Prediction]:
        """What must come out if the claim's model is right."""

    def judge(self, predictions: Sequence[Prediction], data: Sequence[StageData]) -> ExperimentResult:  # noqa: ARG002
        """A run whose lab was killed: what its faults did was not written down to the end."""
        cut_off = Verdict("inconclusive", "the run was cut off before its faults were judged", ("run it again",))
        return ExperimentResult(self.id, self.claim, tuple(predictions), verdict=cut_off)

    @abstractmethod
    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Hold the predictions against what was recorded. Pure."""


def fault_stage(
    options: Options, key: str, arms: Sequence[Arm], duration_s: float, seed: int, *, timed: bool = False
) -> FaultStage:
    """A stage under the load that the user chose, with the arms of the modes that the user chose."""
    kept = [arm for arm in arms if not options.modes or arm.mode in options.modes or arm.mode == "none"]
    return FaultStage(
        key=key,
        arms=tuple(kept),
        duration_s=duration_s,
        workers=options.workers,
        users=options.users,
        rate_rps=options.rate_rps * RATE_SHARE,
        seed=seed,
        own_modes=options.own_modes,
        scenario=options.scenario,
        timed=timed,
    )


def worthwhile(experiment: FaultExperiment, options: Options) -> list[FaultStage]:
    """The experiment's stages without those in which none of the modes that the user chose has an arm."""
    stages = experiment.fault_stages(options)
    wanted = options.modes or None
    return [s for s in stages if s.arms and (wanted is None or any(arm.mode in wanted for arm in s.arms))]


def repeated(options: Options, make: Callable[[str, int], FaultStage], least: int = 1) -> list[FaultStage]:
    """The stage that `make(key, seed)` gives, once for each repetition, each with a seed of its own.

    `least` is for what yields one value per repetition; a quick run can't keep it.
    """
    times = options.repeat if options.quick else max(options.repeat, least)
    return [make(f"r{n + 1}", options.seed + n) for n in range(times)]
