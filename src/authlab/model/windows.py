"""The windows of load that a plan gives to each mode, and how a block orders them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AGAIN: Final = "-again"
"""Suffix of the A/A twin's label: `none-again` is the second slice of `none` in every block."""


def mode_of(label: str) -> str:
    """The mode that a label measures: the A/A twin `none-again` is the mode `none`."""
    return label.removesuffix(AGAIN)


@dataclass(frozen=True)
class Slice:
    """One window of load on one mode.

    Times are seconds after the run's origin. Its first `warmup_s` are not counted. `label` is the arm's label; for an
    arm's A/A twin it ends in `AGAIN` ("none" and "none-again").
    """

    index: int
    block: int
    mode: str
    label: str
    start_s: float
    end_s: float
    warmup_s: float
    seed: int
