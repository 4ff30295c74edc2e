"""The windows of load that a plan gives to each mode, and how a block orders them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slice:
    """One window of load on one mode.

    Times are seconds after the run's origin. The first `warmup_s` of it are kept apart. `label` tells the
    A/A twins of `none` apart: "none" and "none-again"; for every other mode it is the mode's name.
    """

    index: int
    block: int
    mode: str
    label: str
    start_s: float
    end_s: float
    warmup_s: float
    seed: int
