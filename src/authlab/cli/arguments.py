"""Words on the command line as modes, faults, scenarios and precisions. What is wrong with them is collected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from authlab.cli.values import Problems

if TYPE_CHECKING:
    from authlab.experiments.options import Precision
    from authlab.load.scenario import Scenario
    from authlab.model.faults import PlannedFault
    from authlab.model.modes import Mode

_PRECISION: Final = re.compile(r"(?P<name>[a-z0-9]+)=(?P<number>\d+(?:\.\d+)?)\s*(?P<percent>%?)")
QUANTITIES: Final = {"cpu": "cpu_us", "p50": "p50_ms"}
"""What `--until` can wait for, and the column of the block table that it means."""


def modes_of(words: Sequence[str], problems: Problems) -> tuple[Mode, ...]:
    """The modes that `words` name, each once: built-in names or mode files. Unusable words are noted in `problems`."""
    from authlab.lab.mode_files import mode_meant

    found: dict[str, Mode] = {}
    for word in words:
        with problems.collecting():
            mode = mode_meant(word)
            if found.setdefault(mode.name, mode) != mode:
                problems.add(f"{word} declares the mode {mode.name!r}, and so does another file: give it another name")
    return tuple(found.values())


def faults_of(words: Sequence[str], problems: Problems) -> tuple[PlannedFault, ...]:
    """The faults that `words` name. Unusable words are noted in `problems`."""
    from authlab.faults.spec import parse_fault

    found = []
    for word in words:
        with problems.collecting():
            found.append(parse_fault(word))
    return tuple(found)


def scenario_of(word: str, problems: Problems) -> Scenario | None:
    """The scenario that `word` names, a shipped one or a file; None, with a problem noted, if there is none."""
    from authlab.load.scenario import scenario_meant

    with problems.collecting():
        return scenario_meant(word)
    return None


def precision_of(word: str | None, problems: Problems) -> Precision | None:
    """The precision that `word` ("cpu=2%") asks for; None where it is not given or, with a problem noted, unusable."""
    from authlab.experiments.options import Precision

    if word is None:
        return None
    found = _PRECISION.fullmatch(word.strip().lower())
    quantity = QUANTITIES.get(found["name"]) if found else None
    share = float(found["number"]) / (100 if found["percent"] else 1) if found else 0.0
    if quantity is None:
        problems.add(f"--until {word!r} is not QUANTITY=HALF-WIDTH, like cpu=2%; quantities: {', '.join(QUANTITIES)}")
        return None
    if not 0.001 <= share <= 0.5:
        problems.add(f"--until {word!r}: the half-width must be 0.1% to 50%, not {share:.4%}")
        return None
    return Precision(quantity, share)
