"""The experiments by name. A new one is one new file and one line here."""

from __future__ import annotations

from authlab.experiments.base import Experiment
from authlab.experiments.round_robin import RoundRobinBreaksMemory
from authlab.experiments.three_modes import ThreeModes
from authlab.model.errors import nearest

_ALL: tuple[Experiment, ...] = (
    ThreeModes(),
    RoundRobinBreaksMemory(),
)

EXPERIMENTS: dict[str, Experiment] = {experiment.id: experiment for experiment in _ALL}

DEFAULT = "three-modes"

GROUPS: dict[str, tuple[str, ...]] = {"all": tuple(EXPERIMENTS)}


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
