"""The experiments by name. A new one is one new file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.experiments.experiment import Experiment
from authlab.experiments.procedures import Rule
from authlab.experiments.until_precise import NAME as UNTIL_PRECISE
from authlab.experiments.until_precise import until_precise
from authlab.model.errors import nearest

_STEADY: Final = (
    "three_modes",
    "implementations",
    "round_robin",
)
"""Modules of this package, in the order of `authlab list`. Each holds its experiment as EXPERIMENT."""

_FAULTS: Final = (
    "worker_crash",
    "rolling_restart",
    "sticky_drain",
    "new_servers",
    "redis_restart",
    "redis_latency",
    "key_rotation",
    "clock_skew",
    "login_storm",
    "storm_metastable",
    "prefork_trap",
    "logout_takes_effect",
)
"""The modules of the experiments in the group `faults`, in the same order and way."""

RULES: Final[dict[str, Rule]] = {UNTIL_PRECISE: until_precise}
"""The rules of procedures, by the name that a plan stores."""


def _experiment(module: str) -> Experiment:
    found: Experiment = import_module(f"authlab.experiments.{module}").EXPERIMENT
    return found


def _by_id(modules: tuple[str, ...]) -> dict[str, Experiment]:
    return {found.id: found for found in map(_experiment, modules)}


FAULT_EXPERIMENTS: Final[dict[str, Experiment]] = _by_id(_FAULTS)
EXPERIMENTS: Final[dict[str, Experiment]] = {**_by_id(_STEADY), **FAULT_EXPERIMENTS, **BROWSER_EXPERIMENTS}

DEFAULT: Final = "three-modes"

CHOSEN_FAULTS: Final = _experiment("chosen")
"""What `authlab run --fault …` runs: it has no name on the command line."""

CALIBRATION: Final = _experiment("calibration")
"""What `authlab calibrate` runs. It is about the lab, not about a design, and therefore in no group."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "faults": tuple(FAULT_EXPERIMENTS),
    "browser": tuple(BROWSER_EXPERIMENTS),
    "all": tuple(EXPERIMENTS),
}


def known(identifier: str) -> Experiment | None:
    """The experiment of a stored run; None if this version of authlab has no experiment of that id."""
    unnamed = {experiment.id: experiment for experiment in (CHOSEN_FAULTS, CALIBRATION)}
    return unnamed.get(identifier) or EXPERIMENTS.get(identifier)


def chosen(names: tuple[str, ...]) -> list[Experiment]:
    """The experiments of those names and groups, each once, in order; the default if `names` is empty.

    Raises `UnknownName` for a name that is neither an experiment nor a group.
    """
    ids: dict[str, None] = {}
    for name in names or (DEFAULT,):
        if name in GROUPS:
            ids.update(dict.fromkeys(GROUPS[name]))
        elif name in EXPERIMENTS:
            ids[name] = None
        else:
            raise nearest("experiment", name, [*EXPERIMENTS, *GROUPS])
    return [EXPERIMENTS[identifier] for identifier in ids]
