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


def _experiment(module: str) -> Experiment:
    found: Experiment = import_module(f"authlab.experiments.{module}").EXPERIMENT
    return found


EXPERIMENTS: dict[str, Experiment] = {
    **{found.id: found for found in map(_experiment, _MODULES)},
    **BROWSER_EXPERIMENTS,
}

DEFAULT = "three-modes"

GROUPS: dict[str, tuple[str, ...]] = {"browser": tuple(BROWSER_EXPERIMENTS), "all": tuple(EXPERIMENTS)}


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
