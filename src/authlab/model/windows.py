"""The windows of load that a plan gives to each mode, and how a block orders them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AGAIN: Final = "-again"
"""Suffix of the label of what was measured twice: `none-again`, the A/A twin, is a second stack of `none`. An arm with
two slices per block has it on the second one. (So had the twin in runs that were stored before there were rounds.)"""


def mode_of(label: str) -> str:
    """The mode that a label measures: the A/A twin `none-again` is the mode `none`."""
    return label.removesuffix(AGAIN)


@dataclass(frozen=True)
class Slice:
    """One window of load on one mode.

    Times are seconds after the run's origin. Its first `warmup_s` are not counted. `mode` is the arm's label. So is
    `label`, which ends in `AGAIN` on the second slice of an arm that has two per block.
    """

    index: int
    block: int
    mode: str
    label: str
    start_s: float
    end_s: float
    warmup_s: float
    seed: int
