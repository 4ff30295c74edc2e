"""Names of the programs whose CPU time a run counts: the stack's parts, and those outside of it."""

from __future__ import annotations

from typing import Final

GENERATOR: Final = "generator"
LAB: Final = "lab"

OUTSIDE: Final = (GENERATOR, LAB)
"""Parts outside the stack whose CPU time is counted separately."""
