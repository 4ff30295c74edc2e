"""Plans under the load that the user chose: interleaved slices, and arms side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from authlab.experiments.options import Options
from authlab.model.modes import MODES, Mode
from authlab.model.plan import Arm, Interleaved, Plan, SideBySide
from authlab.model.windows import AGAIN

FLOOR: Final = "none"
"""The mode with which all others are compared."""

OVERHEAD_S: Final = 14.0
"""Time that a run needs in addition to its slices: to start stacks and Locust, to log users in, and to write tables
and the report. Measured on two cores."""

RATE_SHARE: Final = 1 / 3
"""Share of the run's rate that each arm gets if several arms are loaded at the same time."""


ROUNDS: Final = 3
"""Rounds of a run whose intervals are to know about starts. With 6 labels they leave 10 degrees of freedom for the
variance between starts (`authlab.stats.starts`)."""

ROUND_BLOCKS: Final = 4
"""The fewest blocks of a round: a start's own mean must be known better than starts differ."""

RESTART_S: Final = 9.0
"""Time to end a round and to begin the next: stacks stop and start, Locust starts, users log in. Measured on two cores
with six stacks of three workers."""


def blocks_within(budget_s: float, labels: int, slice_s: float, gap_s: float, rounds: int = 1) -> int:
    """How many whole blocks fit into `budget_s`, at least 4."""
    ready_s = OVERHEAD_S + (rounds - 1) * RESTART_S
    return max(4, int((budget_s - ready_s) / (labels * (slice_s + gap_s))))


def rounds_of(options: Options, blocks: int | None = None) -> int:
    """How many rounds a comparison of costs has; `blocks` are None until they are known.

    It has one, and its intervals don't know about starts, if it is to be quick or too short to be divided.
    """
    short = blocks is not None and blocks < ROUNDS * ROUND_BLOCKS
    return 1 if options.quick or short else ROUNDS


def steady(
    options: Options, mode: Mode, *, slices: int = 1, workers: int | None = None, label: str | None = None
) -> Arm:
    """An arm that gets the whole load in its slices. Users who are refused do not log in again.

    It is named after its mode if it has no `label` of its own.
    """
    return Arm(
        label or mode.name,
        mode,
        workers or options.workers,
        options.users,
        options.rate_rps,
        slices,
        options.scenario_name,
        settings=options.settings_of(mode),
    )


def floors(options: Options) -> list[Arm]:
    """`none` and its A/A twin, a second stack of the same: what every comparison of costs has beside its modes."""
    return [steady(options, MODES[FLOOR], label=label) for label in (FLOOR, FLOOR + AGAIN)]


def against_floors(options: Options, usual: Iterable[str]) -> Plan:
    """A plan that compares the modes that the user chose, or else the `usual` ones, with `none` and its twin."""
    modes = options.modes or tuple(MODES[name] for name in usual)
    return compared(options, "main", [*floors(options), *(steady(options, m) for m in modes if m.name != FLOOR)])


def compared(options: Options, stage: str, arms: Sequence[Arm]) -> Plan:
    """A plan that compares the costs of its arms, in as many rounds and blocks as the user's choice allows."""
    labels = sum(arm.slices for arm in arms)
    blocks = options.blocks or blocks_within(
        options.budget_s, labels, options.slice_s, options.gap_s, rounds_of(options)
    )
    return interleaved(options, stage, arms, blocks, options.slice_s, rounds_of(options, blocks))


def interleaved(
    options: Options, stage: str, arms: Iterable[Arm], blocks: int, slice_s: float, rounds: int = 1
) -> Plan:
    """A plan whose load moves between the arms. The stacks are started afresh for each of the `rounds`."""
    return Plan(stage, tuple(arms), slices_of(options, blocks, slice_s, rounds), options.seed)


def slices_of(options: Options, blocks: int, slice_s: float, rounds: int = 1) -> Interleaved:
    """Interleaved load of `blocks` blocks, whose slices are `slice_s` long."""
    return Interleaved(blocks, slice_s, min(options.warmup_s, slice_s / 4), options.gap_s, rounds)


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
