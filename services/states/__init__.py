"""Where authentication state may be kept: one file for each way, all behind the protocol `State`.

A file has `build(settings, clock)`, which returns the `State`, and `NEEDS` if it needs something of the settings:
`keys` (`settings.keyring`), `store` (`settings.redis`). Nothing else lists the files.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType
from typing import Final

STATES: Final = tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != "protocol"))
"""The names of the files."""


def module_of(state: str) -> ModuleType:
    """The file of one state. Only this one is imported, so that a worker loads only its own mode."""
    return importlib.import_module(f"{__name__}.{state}")


def needs_of(state: str) -> Sequence[str]:
    """What the state needs of the settings."""
    needs: Sequence[str] = getattr(module_of(state), "NEEDS", ())
    return needs
