"""Build hook: the wheel carries what the lab starts as programs; an editable install reads the checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PROGRAMS = ("services", "loadtests", "compose")


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
                if file.is_file() and "__pycache__" not in file.parts:
                    inside = file.relative_to(root).as_posix()
                    build_data["force_include"][str(file)] = f"authlab/_content/{inside}"
