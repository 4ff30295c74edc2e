"""Modes, faults, scenarios and precisions from words on the command line. Problems with the words are collected."""

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
"""The quantities that `--until` accepts, and their columns in the block table."""


def modes_of(words: Sequence[str], problems: Problems) -> tuple[Mode, ...]:
    """The modes that `words` name, each once: built-in names or mode files. Unusable words are added to `problems`."""
    from authlab.lab.mode_files import mode_from_word

    found: dict[str, Mode] = {}
    for word in words:
        with problems.collecting():
            mode = mode_from_word(word)
            if found.setdefault(mode.name, mode) != mode:
                problems.add(f"{word} and another file both declare the mode {mode.name!r}: rename one of them")
    return tuple(found.values())


def faults_of(words: Sequence[str], problems: Problems) -> tuple[PlannedFault, ...]:
    """The faults that `words` name. Unusable words are added to `problems`."""
    from authlab.faults.spec import parse_fault

    found = []
    for word in words:
        with problems.collecting():
            found.append(parse_fault(word))
    return tuple(found)


def scenario_of(word: str, problems: Problems) -> Scenario | None:
    """The scenario that `word` names, a shipped one or a file; None, with a problem added, if there is none."""
    from authlab.load.scenario import scenario_from_word

    with problems.collecting():
        return scenario_from_word(word)
    return None


def precision_of(word: str | None, problems: Problems) -> Precision | None:
    """The precision in `word` ("cpu=2%"); None if there is no word or, with a problem added, if it is unusable."""
    from authlab.experiments.options import Precision

    if word is None:
        return None
    found = _PRECISION.fullmatch(word.strip().lower())
    quantity = QUANTITIES.get(found["name"]) if found else None
    share = float(found["number"]) / (100 if found["percent"] else 1) if found else 0.0
    if quantity is None:
        problems.add(f"--until {word!r} is not QUANTITY=HALF-WIDTH, e.g. cpu=2%; quantities: {', '.join(QUANTITIES)}")
        return None
    if not 0.001 <= share <= 0.5:
        problems.add(f"--until {word!r}: the half-width must be 0.1% to 50%, not {share * 100:g}%")
        return None
    return Precision(quantity, share)
