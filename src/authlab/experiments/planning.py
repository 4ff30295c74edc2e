"""Plans under the load that the user chose: interleaved slices, and arms side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from authlab.experiments.options import Options
from authlab.model.modes import MODES, Mode
from authlab.model.plan import Arm, Interleaved, Plan, SideBySide

FLOOR: Final = "none"
"""The mode with which all others are compared."""

OVERHEAD_S: Final = 14.0
"""Time that a run needs in addition to its slices: to start stacks and Locust, to log users in, and to write tables
and the report. Measured on two cores."""

RATE_SHARE: Final = 1 / 3
"""Share of the run's rate that each arm gets if several arms are loaded at the same time."""


def blocks_within(budget_s: float, labels: int, slice_s: float, gap_s: float) -> int:
    """How many whole blocks fit into `budget_s`, at least 4."""
    return max(4, int((budget_s - OVERHEAD_S) / (labels * (slice_s + gap_s))))


def steady(options: Options, mode: Mode, *, slices: int = 1, workers: int | None = None) -> Arm:
    """An arm that gets the whole load in its slices. Users who are refused do not log in again."""
    return Arm(
        mode.name,
        mode,
        workers or options.workers,
        options.users,
        options.rate_rps,
        slices,
        options.scenario_name,
        settings=options.settings_of(mode),
    )


def interleaved(options: Options, stage: str, arms: Iterable[Arm], blocks: int, slice_s: float) -> Plan:
    """A plan whose load moves between the arms."""
    return Plan(stage, tuple(arms), slices_of(options, blocks, slice_s), options.seed)


def slices_of(options: Options, blocks: int, slice_s: float) -> Interleaved:
    """Interleaved load of `blocks` blocks, whose slices are `slice_s` long."""
    return Interleaved(blocks, slice_s, min(options.warmup_s, slice_s / 4), options.gap_s)


def loaded(options: Options, label: str, mode: str | Mode, **more: Any) -> Arm:
    """An arm that is loaded beside others. `mode` may be a built-in mode's name; `more` are further fields of `Arm`.

    Users who are refused log in again once.
    """
    usual: dict[str, Any] = {
        "workers": options.workers,
        "users": options.users,
        "rate_rps": options.rate_rps * RATE_SHARE,
        "scenario": options.scenario_name,
        "relogin": "once",
    }
    its = MODES[mode] if isinstance(mode, str) else mode
    settings = options.settings_of(its) | more.pop("settings", {})
    return Arm(label, its, **{**usual, **more, "settings": settings})


def side_by_side(
    options: Options, stage: str, arms: Sequence[Arm], duration_s: float, seed: int, *, timed: bool = False
) -> Plan | None:
    """A plan with `none` and those of the arms whose modes the user chose; None if no arm's mode was chosen."""
    names = options.mode_names
    kept = tuple(arm for arm in arms if not names or arm.mode.name in names or arm.mode.name == FLOOR)
    if names and not any(arm.mode.name in names for arm in kept):
        return None
    return Plan(stage, kept, SideBySide(duration_s, timed), seed)


def repeated(options: Options, make: Callable[[str, int], Plan | None], least: int = 1) -> list[Plan]:
    """The plans that `make(stage, seed)` gives, one for each repetition, each with its own seed.

    `least` is the smallest number of repetitions, for experiments with one value per repetition. Quick runs ignore it.
    """
    times = options.repeat if options.quick else max(options.repeat, least)
    made = (make(f"r{n + 1}", options.seed + n) for n in range(times))
    return [plan for plan in made if plan is not None]
