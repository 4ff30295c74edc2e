"""Build hook: the wheel carries what the lab starts as programs; an editable install reads the checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PROGRAMS = ("services", "loadtests", "compose")
_APP = Path("services", "spa")
_OF_THE_APP = ("dist", "attacks")


class CarryPrograms(BuildHookInterface):
    """Put services/, loadtests/ and compose/ into `authlab/_content`.

    They are programs, not packages: inside the one import package no generic name (`services`) becomes
    importable. An editable install would get stale copies of them, so there the hook does nothing.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to a standard wheel, leaving caches out."""
        if version == "editable":
            return
        root = Path(self.root)
        for program in _PROGRAMS:
            for file in sorted((root / program).rglob("*")):
                inside = file.relative_to(root)
                if file.is_file() and _travels(inside):
                    build_data["force_include"][str(file)] = f"authlab/_content/{inside.as_posix()}"
        if not (root / _APP / "dist" / "index.html").is_file():
            self.app.display_warning("The browser lab's app is not built, so this wheel lacks it. Remedy: make spa")


def _travels(file: Path) -> bool:
    """Whether a file of the programs belongs into the wheel: of the app what was built, not what it is built from."""
    if "__pycache__" in file.parts:
        return False
    if file.is_relative_to(_APP):
        return file.relative_to(_APP).parts[0] in _OF_THE_APP
    return True
