"""What a calibration of the lab on one machine found, as later runs on that machine cite it."""

from __future__ import annotations

from dataclasses import dataclass

from authlab.model.findings import VerdictValue


@dataclass(frozen=True)
class Calibration:
    """A finished calibration: `run` is its id, `at` its start.

    `slope` is the CPU time that was found per CPU time that was added; it should be 1. Of `pairs` of alike clones,
    `false_differences` were found to differ.
    """

    run: str
    at: str
    verdict: VerdictValue
    slope: float
    interval: tuple[float, float]
    false_differences: int
    pairs: int
