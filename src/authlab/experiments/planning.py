"""Slices of load: how many fit into a time, and in which order a block takes them."""

from __future__ import annotations

import random

from authlab.experiments.base import Options, Stage
from authlab.model.windows import Slice, mode_of

OVERHEAD_S = 14.0
"""What a run needs beside its slices: stacks and Locust up, log-ins, tables, report; measured on two cores."""


def blocks_within(budget_s: float, labels: int, slice_s: float, gap_s: float) -> int:
    """How many whole blocks fit into `budget_s`, at least 4."""
    return max(4, int((budget_s - OVERHEAD_S) / (labels * (slice_s + gap_s))))


def stage_of(options: Options, key: str, workers: int, labels: tuple[str, ...], blocks: int, slice_s: float) -> Stage:
    """A stage under the load that the user chose."""
    return Stage(
        key=key,
        workers=workers,
        labels=labels,
        blocks=blocks,
        slice_s=slice_s,
        warmup_s=min(options.warmup_s, slice_s / 4),
        gap_s=options.gap_s,
        users=options.users,
        rate_rps=options.rate_rps,
        seed=options.seed,
        own_modes=options.own_modes,
        scenario=options.scenario,
    )


def slices_of(stage: Stage) -> list[Slice]:
    """The stage's slices in time order: every block takes each label once, in an order shuffled by the seed.

    All slices of a block share one schedule seed, so that every mode meets the same arrivals.
    """
    # A schedule needs a repeatable generator, not a secure one.
    rng = random.Random(f"{stage.seed}:{stage.key}:order")  # noqa: S311
    planned: list[Slice] = []
    at = 0.0
    for block in range(stage.blocks):
        order = list(stage.labels)
        rng.shuffle(order)
        schedule_seed = rng.randrange(2**31)
        for label in order:
            planned.append(
                Slice(
                    index=len(planned),
                    block=block,
                    mode=mode_of(label),
                    label=label,
                    start_s=at,
                    end_s=at + stage.slice_s,
                    warmup_s=stage.warmup_s,
                    seed=schedule_seed,
                )
            )
            at += stage.slice_s + stage.gap_s
    return planned
