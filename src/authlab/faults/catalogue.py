"""The faults by name. A new one is one new file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from authlab.faults.base import Fault

_MODULES: Final = (
    "crash_worker",
    "stop_worker",
    "pause_worker",
    "rolling_restart",
    "drain_worker",
    "scaling",
    "redis_stops",
    "redis_link",
    "flush_store",
    "rotate_key",
    "clock_skew",
)
"""Modules of this package, in the order of `authlab list`. Each names its kinds of faults KINDS."""


def _kinds(module: str) -> tuple[type[Fault], ...]:
    found: tuple[type[Fault], ...] = import_module(f"authlab.faults.{module}").KINDS
    return found


FAULTS: Final[dict[str, type[Fault]]] = {kind.kind: kind for module in _MODULES for kind in _kinds(module)}
"""By name, in the order of `authlab list`."""
