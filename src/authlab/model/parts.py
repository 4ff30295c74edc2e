"""Names of what uses CPU time in a run: the stack's parts, and what stands outside of it."""

from __future__ import annotations

from typing import Final

GENERATOR: Final = "generator"
LAB: Final = "lab"

OUTSIDE: Final = (GENERATOR, LAB)
"""Parts whose CPU time is counted beside the stack's own."""
