"""What round robin does to sessions in worker memory, at one, two, four and eight workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Expectation
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.measures import FAILED, failure_share, observation
from authlab.experiments.options import Options
from authlab.experiments.planning import blocks_within, interleaved, steady
from authlab.experiments.three_modes import refused
from authlab.model.findings import Observation
from authlab.model.machine import MachineFacts
from authlab.model.modes import MODES
from authlab.model.plan import Plan

WORKERS: Final = (1, 2, 4, 8)
_MODES: Final = ("memory", "sticky", "redis", "jwt")
_SLICE_S: Final = 0.5
"""Short slices do: a share needs requests, not steady latency."""

_CONTROL: Final = "memory"
"""Measured twice per block: a share in the middle needs more requests for the same half-width than one at 0."""

_BLOCKS: Final = 45
"""With two slices of 150 requests a block, a half-width of about 0.9 points at a share of one half. 30 blocks left 1.1:
a true share then missed the margin of 2 by chance in one run of eight, and misses it now in one of thirty."""

_QUICK_BLOCKS: Final = 6


class RoundRobinBreaksMemory(StackExperiment):
    """ "A memory session needs every request to reach the same server"."""

    id = "round-robin-breaks-memory"
    claim = "a memory session needs every request to reach the same server"
    summary = "share of requests refused to sessions in worker memory under round robin, at 1, 2, 4, 8 workers"
    holds = "round robin loses (N-1)/N of the requests to sessions in memory, and none with the others"
    fails = "the failure shares are not those of the formula"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """One plan per number of workers."""
        modes = options.modes or tuple(MODES[name] for name in _MODES)
        found = []
        for workers in WORKERS:
            arms = [steady(options, m, slices=2 if m.name == _CONTROL else 1, workers=workers) for m in modes]
            blocks = options.blocks or _blocks(options, sum(arm.slices for arm in arms))
            found.append(interleaved(options, f"n{workers}", arms, blocks, _SLICE_S))
        return found

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """(N-1)/N for `memory`, 0 for the others."""
        return [refused(arm, plan.stage) for plan in plans for arm in plan.arms]

    def observe(self, evidence: Evidence) -> list[Observation]:
        """Failures of any kind, by stage."""
        found = []
        for data in evidence.plans:
            stage = data.plan.stage
            shares = {label: failure_share(FAILED)(evidence.at(stage), label) for label in data.arms}
            found += [observation(data, label, FAILED, s, stage=stage) for label, s in shares.items() if s is not None]
        return found


EXPERIMENT: Final = RoundRobinBreaksMemory()


def _blocks(options: Options, labels: int) -> int:
    if options.asked_s:
        return blocks_within(options.asked_s / len(WORKERS), labels, _SLICE_S, options.gap_s)
    return _QUICK_BLOCKS if options.quick else _BLOCKS
