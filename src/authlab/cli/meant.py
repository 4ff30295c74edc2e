"""What words on the command line mean where a name or a file of the user's own can stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from authlab.cli.values import Problems

if TYPE_CHECKING:
    from authlab.load.scenario import Scenario
    from authlab.model.faults import PlannedFault
    from authlab.model.modes import Mode


class MeantModes(NamedTuple):
    """The names of all modes that were asked for, each once, and those modes that are the user's own."""

    names: tuple[str, ...]
    own: tuple[Mode, ...]


def modes_of(words: Sequence[str], problems: Problems) -> MeantModes:
    """The modes that `words` mean, names or mode files. One that can't be had is noted in `problems` and left out."""
    from authlab.lab.mode_files import mode_meant
    from authlab.model.modes import MODES

    found: dict[str, Mode] = {}
    for word in words:
        with problems.collecting():
            mode = mode_meant(word)
            if found.setdefault(mode.name, mode) != mode:
                problems.add(f"{word} declares the mode {mode.name!r}, and so does another file: give it another name")
    return MeantModes(tuple(found), tuple(mode for name, mode in found.items() if name not in MODES))


def faults_of(words: Sequence[str], problems: Problems) -> tuple[PlannedFault, ...]:
    """The faults that `words` mean. One that is none is noted in `problems` and left out."""
    from authlab.faults.spec import parse_fault

    found = []
    for word in words:
        with problems.collecting():
            found.append(parse_fault(word))
    return tuple(found)


def scenario_of(word: str, problems: Problems) -> Scenario | None:
    """The scenario that `word` means, a shipped one's name or a file; None, with a problem noted, if there is none."""
    from authlab.load.scenario import scenario_meant

    with problems.collecting():
        return scenario_meant(word)
    return None
