"""Measure until the leading comparison is as precise as requested, or the time is over: `authlab run --until cpu=2%`.

The run stops by the width of an interval, never by its position, and therefore favours neither side of a threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from authlab.experiments.evidence import PlanData
from authlab.experiments.options import Options
from authlab.experiments.planning import OVERHEAD_S, RESTART_S, ROUNDS
from authlab.experiments.procedures import Decision
from authlab.model.errors import UsageProblem
from authlab.model.plan import Interleaved, Plan, Procedure
from authlab.stats.pairing import paired

NAME: Final = "until-precise"
LEAST_BLOCKS: Final = 21
"""No run ends with fewer blocks, because an interval's width is then itself uncertain. They are divided over the first
three rounds."""

_STEP_BLOCKS: Final = (10, 30)
"""The shortest and the longest step. Each is a round of its own: no number of blocks makes up for too few starts."""

_NAMES: Final = {"cpu_us": "CPU per request", "p50_ms": "median response time"}
_BETWEEN: Final = " "
_TO: Final = "/"


def going_on_until(plan: Plan, options: Options, pairs: Sequence[tuple[str, str]]) -> Plan:
    """Turn the interleaved `plan` into steps that go on until the widest of `pairs` is precise enough.

    Raises `UsageProblem` if there is nothing to compare, or too little time for the first blocks.
    """
    exercise, wanted = plan.exercise, options.until
    if not isinstance(exercise, Interleaved) or wanted is None:
        raise TypeError("only interleaved slices can go on until they are precise")
    if not pairs:
        raise UsageProblem("--until compares modes, and only `none` was chosen: choose another with --mode")
    most_s = options.budget_s - OVERHEAD_S
    first_s = LEAST_BLOCKS * _block_s(plan, exercise) + (ROUNDS - 1) * RESTART_S
    if most_s < first_s:
        raise UsageProblem(
            f"--until measures at least {LEAST_BLOCKS} blocks, which takes {first_s + OVERHEAD_S:.0f} s here: "
            f"give at least --for {first_s + OVERHEAD_S:.0f}s"
        )
    numbers = {
        "half_width": wanted.half_width,
        "slice_s": exercise.slice_s,
        "warmup_s": exercise.warmup_s,
        "gap_s": exercise.gap_s,
        "block_s": _block_s(plan, exercise),
    }
    words = {"quantity": wanted.quantity, "pairs": _BETWEEN.join(_TO.join(pair) for pair in pairs)}
    return replace(plan, exercise=Procedure(NAME, numbers, words, most_s, fresh=True))


def until_precise(procedure: Procedure, data: PlanData, elapsed_s: float) -> Decision:
    """See `authlab.experiments.procedures.Rule`.

    The half-width shrinks with the square root of the number of blocks, as long as there are as many more rounds. That
    gives the length of the next step.
    """
    numbers = procedure.numbers
    done = sum(step.exercise.blocks for step in procedure.steps if isinstance(step.exercise, Interleaved))
    if not done:
        return Decision(exercise=_blocks(procedure, LEAST_BLOCKS, ROUNDS))
    wanted, width = numbers["half_width"], _widest(procedure, data)
    found: dict[str, float | None] = {"half_width": width, "blocks": float(done)}
    said = "could not be measured" if width is None else f"was {width:.2%}"
    state = f"after {done} blocks the widest half-width of {_named(procedure)} {said}; {wanted:.2%} was requested"
    if width is not None and width <= wanted:
        return Decision(found, ended=f"precise enough: {state}")
    room = int((procedure.most_s - elapsed_s - RESTART_S) / numbers["block_s"])
    least, most = _STEP_BLOCKS
    if room < least:
        return Decision(found, ended=f"the time was over: {state}")
    missing = least if width is None else done * (width / wanted) ** 2 - done
    return Decision(found, _blocks(procedure, min(room, most, max(least, round(missing)))))


def _widest(procedure: Procedure, data: PlanData) -> float | None:
    """The largest half-width of the pairs' ratios, as a share of the ratio; None if one can't be measured."""
    widths = []
    for words in procedure.words["pairs"].split(_BETWEEN):
        label, _, against = words.partition(_TO)
        quantity = procedure.words["quantity"]
        pair = paired(data.table, quantity, label, against)
        if pair.top.size < 2:
            return None
        interval = pair.ratio(data.starts(quantity))
        widths.append(interval.half_width / interval.value)
    return max(widths)


def _blocks(procedure: Procedure, blocks: int, rounds: int = 1) -> Interleaved:
    numbers = procedure.numbers
    return Interleaved(blocks, numbers["slice_s"], numbers["warmup_s"], numbers["gap_s"], rounds)


def _named(procedure: Procedure) -> str:
    quantity, pairs = procedure.words["quantity"], procedure.words["pairs"]
    return f"{_NAMES.get(quantity, quantity)}, {pairs.replace(_BETWEEN, ' and ')},"


def _block_s(plan: Plan, exercise: Interleaved) -> float:
    return len(plan.labels) * (exercise.slice_s + exercise.gap_s)
