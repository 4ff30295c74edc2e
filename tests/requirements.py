"""The security requirements of services/security.toml, and which of them apply to a mode."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from authlab.host.content import content_root
from authlab.model.mode import Mode


class Requirement(NamedTuple):
    """What is asked, and of which modes."""

    asks: str
    of: str


_KINDS: Final[dict[str, Callable[[Mode], bool]]] = {
    "all": lambda _mode: True,
    "references": lambda mode: mode.keeps_sessions,
    "tokens": lambda mode: mode.signs_tokens,
    "cookies with a CSRF token": lambda mode: mode.credential == "cookie+csrf",
}
"""The kinds of modes that services/security.toml names."""


def read_requirements(root: Path) -> dict[str, Requirement]:
    """Those of the checkout at `root`, by number."""
    table = tomllib.loads((root / "services" / "security.toml").read_text(encoding="utf-8"))
    found = {number: Requirement(asks, of) for of, asked in table.items() for number, asks in asked.items()}
    return dict(sorted(found.items(), key=lambda item: [*map(int, re.findall(r"\d+", item[0]))]))


REQUIREMENTS: Final = read_requirements(content_root())


def applying(requirements: dict[str, Requirement], mode: Mode) -> list[str]:
    """The numbers of those that apply to the mode."""
    return [number for number, requirement in requirements.items() if _KINDS[requirement.of](mode)]
