"""The windows of load that an exercise gives to each arm, and the plans of the generators that send it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from authlab.load.plan import LoadPlan, Window
from authlab.model.plan import SLACK_S, Arm, Interleaved, Plan, SideBySide
from authlab.model.windows import Slice


def slices_of(plan: Plan, exercise: Interleaved | SideBySide, before: Sequence[Slice] = ()) -> list[Slice]:
    """The slices of one exercise in time order; `before` are those of the procedure's steps so far.

    Times count from the exercise's own start; numbers of slices and blocks go on where those before them ended.
    """
    match exercise:
        case Interleaved():
            return _interleaved(plan, exercise, before)
        case SideBySide():
            return [part for arm in plan.arms for part in _phases(plan, exercise, arm, before)]


def length_s(exercise: Interleaved | SideBySide, plan: Plan) -> float:
    """How long the exercise's load runs, without the slack of faults."""
    match exercise:
        case Interleaved(blocks=blocks, slice_s=slice_s, gap_s=gap_s):
            return blocks * len(plan.labels) * (slice_s + gap_s)
        case SideBySide(duration_s=duration_s):
            return duration_s


def load_plan(plan: Plan, arm: Arm, slices: Sequence[Slice]) -> LoadPlan:
    """What the generator of `arm` is to send in those of the `slices` that are its own."""
    own = [part for part in slices if part.mode == arm.label]
    rates = [rate for _, rate in arm.phases] or [arm.rate_rps] * len(own)
    windows = tuple(
        Window(part.index, round(part.start_s * 1e9), round(part.end_s * 1e9), rate, part.seed)
        for part, rate in zip(own, rates, strict=True)
    )
    return LoadPlan(
        seed=plan.seed,
        users=arm.users,
        windows=windows,
        mix=arm.mix,
        timeout_s=arm.timeout_s,
        relogin=arm.relogin,
        addresses=arm.addresses,
        credential=arm.mode.credential,
    )


def _interleaved(plan: Plan, exercise: Interleaved, before: Sequence[Slice]) -> list[Slice]:
    """Every block takes each label once, in an order shuffled by the seed.

    All slices of a block share one schedule seed, so that every arm meets the same arrivals.
    """
    first_block = max((part.block for part in before), default=-1) + 1
    again = f":{first_block}" if first_block else ""
    # A schedule needs a repeatable generator, not a secure one.
    rng = random.Random(f"{plan.seed}:{plan.stage}:order{again}")  # noqa: S311
    planned: list[Slice] = []
    at = 0.0
    for block in range(first_block, first_block + exercise.blocks):
        order = [(arm.label, label) for arm in plan.arms for label in arm.labels]
        rng.shuffle(order)
        schedule_seed = rng.randrange(2**31)
        for arm, label in order:
            planned.append(
                Slice(
                    index=len(before) + len(planned),
                    block=block,
                    mode=arm,
                    label=label,
                    start_s=at,
                    end_s=at + exercise.slice_s,
                    warmup_s=exercise.warmup_s,
                    seed=schedule_seed,
                )
            )
            at += exercise.slice_s + exercise.gap_s
    return planned


def _phases(plan: Plan, exercise: SideBySide, arm: Arm, before: Sequence[Slice]) -> list[Slice]:
    """One slice per phase. The last is longer than planned where faults may take their time: it is cut short then."""
    *earlier, (last_s, _) = arm.phases or ((exercise.duration_s, arm.rate_rps),)
    slack_s = SLACK_S if any(other.faults for other in plan.arms) else 0.0
    first = max((part.index for part in before), default=-1) + 1
    found: list[Slice] = []
    at = 0.0
    for index, seconds in enumerate((*(seconds for seconds, _ in earlier), last_s + slack_s), first):
        seed = plan.seed * 1000 + index
        found.append(Slice(index, index, arm.label, arm.label, at, at + seconds, 0.0, seed))
        at += seconds
    return found
