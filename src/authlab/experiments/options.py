"""What the user chose for a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from authlab.load.scenario import DEFAULT, Scenario
from authlab.model.faults import PlannedFault
from authlab.model.modes import Mode
from authlab.model.session_store import TIMEOUT_SETTING

SLICE_S: Final = 0.25
"""Length of a slice, unless the user gives another. Slices that are compared must lie close in time: the speed of a
shared machine drifted by 18 % within seconds (autocorrelation of neighbouring slices: 0.9). docs/method.md has the
widths of intervals at other lengths. Shorter slices lose more to warm-up and gaps than they gain."""


@dataclass(frozen=True)
class Precision:
    """How narrow the leading comparison's interval must become: its half-width as a share of the ratio.

    `quantity` is a column of the block table ("cpu_us", "p50_ms").
    """

    quantity: str
    half_width: float


@dataclass(frozen=True)
class Options:
    """What the user chose for a run. Times in seconds, rate in requests per second over all users.

    `budget_s` is the time that a run may take. `asked_s` is the same if the user gave it, else None; experiments with
    another default need it. The first `warmup_s` of a slice are not counted, but never more than a quarter of the
    slice. (The first 20 ms were measured to be 15 % slower.) `repeat` is how many times a fault experiment runs, each
    time with its own seed. `modes` are those that the user named, built-in ones or their own; if it is empty, the
    experiment chooses. `scenario` is what the users do, None for the default. `faults` are those that the user chose.
    With `until`, the run goes on until the leading comparison is that precise. `store_timeout_s` is the workers' time
    limit for the store, None for their default.
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
    modes: tuple[Mode, ...] = ()
    seed: int = 1
    repeat: int = 2
    quick: bool = False
    scenario: Scenario | None = None
    faults: tuple[PlannedFault, ...] = ()
    until: Precision | None = None
    store_timeout_s: float | None = None

    @property
    def scenario_name(self) -> str:
        """The name of what the users do."""
        return self.scenario.name if self.scenario else DEFAULT

    @property
    def mode_names(self) -> frozenset[str]:
        """The names of the modes that the user chose."""
        return frozenset(mode.name for mode in self.modes)

    def settings_of(self, mode: Mode) -> dict[str, str]:
        """The settings that the user chose for the workers of `mode`."""
        if self.store_timeout_s is None or not mode.needs_store:
            return {}
        return {TIMEOUT_SETTING: f"{self.store_timeout_s:g}"}
