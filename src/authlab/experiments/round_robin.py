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
"""Short slices are enough: a share needs many requests, not steady latency."""

_CONTROL: Final = "memory"
"""Measured twice per block: a share near one half needs more requests for the same half-width than a share of 0."""

_BLOCKS: Final = 45
"""With two slices of 150 requests per block, the half-width is about 0.9 points at a share of one half. With 30 blocks
it was 1.1 points, and a correct share missed the margin of 2 by chance in one of eight runs. Now it misses in one of
thirty."""

_QUICK_BLOCKS: Final = 6


class RoundRobinBreaksMemory(StackExperiment):
    """ "A memory session needs every request to reach the same server"."""

    id = "round-robin-breaks-memory"
    claim = "a memory session needs every request to reach the same server"
    summary = "share of requests refused under round robin with sessions in worker memory, with 1, 2, 4 and 8 workers"
    holds = "round robin refuses (N-1)/N of the requests with sessions in memory, and none in the other modes"
    fails = "the failure shares differ from the formula"

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
        """(N-1)/N is refused under `memory`, nothing under the others."""
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
