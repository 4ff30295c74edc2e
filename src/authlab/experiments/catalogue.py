"""The experiments by name. A new one is one new file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from authlab.experiments.base import Experiment
from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.model.errors import nearest

_MODULES: Final = (
    "three_modes",
    "round_robin",
)
"""Modules of this package, in the order of `authlab list`. Each names its experiment EXPERIMENT."""

_FAULT_MODULES: Final[tuple[str, ...]] = (
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
"""The same for fault experiments, in `experiments/faulty/`."""


def _experiment(module: str) -> Experiment:
    found: Experiment = import_module(f"authlab.experiments.{module}").EXPERIMENT
    return found


FAULT_EXPERIMENTS: dict[str, Experiment] = {
    found.id: found for found in (_experiment(f"faulty.{module}") for module in _FAULT_MODULES)
}

EXPERIMENTS: dict[str, Experiment] = {
    **{found.id: found for found in map(_experiment, _MODULES)},
    **FAULT_EXPERIMENTS,
    **BROWSER_EXPERIMENTS,
}

DEFAULT = "three-modes"

CHOSEN_FAULTS: Experiment = _experiment("faulty.chosen")
"""What `authlab run --fault …` runs: no name of its own on the command line."""

GROUPS: dict[str, tuple[str, ...]] = {
    "faults": tuple(FAULT_EXPERIMENTS),
    "browser": tuple(BROWSER_EXPERIMENTS),
    "all": tuple(EXPERIMENTS),
}


def chosen(names: tuple[str, ...]) -> list[Experiment]:
    """The experiments of those names and groups, each once, in order; the default where none is named.

    Raises `UnknownName` for a name that is neither.
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
