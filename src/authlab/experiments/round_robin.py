"""What round robin does to sessions in worker memory, at one, two, four and eight workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from authlab.experiments.base import Experiment, Options, Stage, StageData
from authlab.experiments.measures import failure_shares, table_of
from authlab.experiments.planning import blocks_within, stage_of
from authlab.experiments.three_modes import expected_failure_share
from authlab.experiments.verdicts import combine, judge_value
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.model.windows import AGAIN

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


class RoundRobinBreaksMemory:
    """ "A memory session needs every request to reach the same server"."""

    id = "round-robin-breaks-memory"
    claim = "a memory session needs every request to reach the same server"
    summary = "failure share of sessions in worker memory under round robin at 1, 2, 4, 8 workers: (N-1)/N?"

    def stages(self, options: Options) -> list[Stage]:
        """One stage per number of workers."""
        modes = _modes(options)
        labels = (*modes, *(mode + AGAIN for mode in modes if mode == _CONTROL))
        blocks = options.blocks or _blocks(options, len(labels))
        return [stage_of(options, f"n{workers}", workers, labels, blocks, _SLICE_S) for workers in WORKERS]

    def predictions(self, options: Options) -> list[Prediction]:
        """(N-1)/N for `memory`, 0 for the others."""
        found = []
        for workers in WORKERS:
            for mode in _modes(options):
                share, formula = expected_failure_share(options.mode(mode), workers)
                found.append(Prediction(mode, "auth_failure_share", formula, share, workers=workers))
        return found

    def judge(self, predictions: Sequence[Prediction], data: Sequence[StageData]) -> ExperimentResult:
        """Every share against its formula."""
        observations: list[Observation] = []
        doubts: dict[tuple[str, int], tuple[str, ...]] = {}
        for stage in data:
            observations += [replace(o, workers=stage.stage.workers) for o in failure_shares(stage, table_of(stage))]
            for mode, reasons in stage.invalid.items():
                doubts[mode, stage.stage.workers] = reasons
        by_key = {(o.mode, o.workers): o for o in observations if o.quantity == "auth_failure_share"}
        judgements = [
            judge_value(p, by_key.get((p.mode, p.workers)), doubts.get((p.mode, p.workers or 0), ()))
            for p in predictions
        ]
        verdict = combine(
            judgements,
            "round robin loses (N-1)/N of the requests to sessions in memory, and none with the others",
            "the failure shares are not those of the formula",
        )
        return ExperimentResult(
            self.id, self.claim, tuple(predictions), tuple(observations), tuple(judgements), verdict
        )


EXPERIMENT: Final[Experiment] = RoundRobinBreaksMemory()


def _blocks(options: Options, labels: int) -> int:
    if options.asked_s:
        return blocks_within(options.asked_s / len(WORKERS), labels, _SLICE_S, options.gap_s)
    return _QUICK_BLOCKS if options.quick else _BLOCKS


def _modes(options: Options) -> tuple[str, ...]:
    return options.modes or _MODES
