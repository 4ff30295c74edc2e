"""One mode of each kind, for tests that cost much and whose subject is the kind: routing, credential, what it needs."""

from __future__ import annotations

from typing import Final

from authlab.model.mode import Mode
from authlab.model.modes import MODES


def _kind(mode: Mode) -> tuple[object, ...]:
    return mode.routing, mode.credential, mode.needs_store, mode.traits, mode.signature is not None


_FIRST: Final = {_kind(mode): mode.name for mode in reversed(MODES.values())}
KINDS: Final = [name for name in MODES if name in _FIRST.values()]
"""Modes that differ only in their implementation (`jwt`, `jwt-lean`, `flask-jwt-extended`) are one kind: the first."""
