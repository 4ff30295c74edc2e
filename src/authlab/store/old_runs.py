"""Plans for a run of schema 1, rebuilt from its stages. They are enough to report and compare it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from authlab.model.declarations import mode_declared
from authlab.model.faults import PlannedFault
from authlab.model.modes import MODES, Mode
from authlab.model.plan import Arm, Interleaved, Plan, SideBySide
from authlab.model.run import Run
from authlab.model.windows import mode_of
from authlab.store.shapes import OldStage

_FAULT: Final = re.compile(
    r"(?P<kind>[a-z-]+)(=(?P<value>[+-]?[\d.]+)[a-z]*)?(:(?P<target>[\w-]+))?@(?P<at>[\d.]+)s(\+(?P<for>[\d.]+)s)?"
)
"""A fault as schema 1 has it: values in the fault's own unit, times in seconds."""


def with_old_plans(run: Run, stages: Sequence[OldStage]) -> Run:
    """`run` with plans rebuilt from its `stages`.

    The stages do not hold an arm's settings, its own number of users and the like; these have their defaults. A stage
    gets no plan if a label of it belongs to no mode or if a fault of it can't be read.
    """
    modes = MODES | _declared(run)
    plans: dict[str, list[Plan]] = {}
    for stage in stages:
        if (plan := _plan(stage, run, modes)) is not None:
            plans.setdefault(stage.experiment, []).append(plan)
    return replace(
        run, experiments=tuple(replace(result, plans=tuple(plans.get(result.id, ()))) for result in run.experiments)
    )


def _plan(stage: OldStage, run: Run, modes: Mapping[str, Mode]) -> Plan | None:
    workers = {t.mode: t.workers for t in run.trials if (t.experiment, t.stage) == (stage.experiment, stage.key)}
    texts = stage.faults or {}
    arms = []
    for label, slices in Counter(mode_of(label) for label in stage.labels).items():
        mode = _mode_of(label, modes)
        faults = [_fault(text) for text in texts.get(label, ())]
        if mode is None or None in faults:
            return None
        arms.append(
            Arm(
                label=label,
                mode=mode,
                workers=workers.get(label, stage.workers),
                users=stage.users,
                rate_rps=stage.rate_rps,
                slices=slices,
                faults=tuple(fault for fault in faults if fault is not None),
            )
        )
    exercise = (
        Interleaved(stage.blocks, stage.slice_s, stage.warmup_s, stage.gap_s)
        if stage.faults is None
        else SideBySide(stage.slice_s)
    )
    return Plan(stage.key, tuple(arms), exercise, run.seed if stage.seed is None else stage.seed)


def _mode_of(label: str, modes: Mapping[str, Mode]) -> Mode | None:
    """The mode with the longest name with which the label begins: `jwt-ahead` is an arm of `jwt`."""
    names = [name for name in modes if label == name or label.startswith(f"{name}-")]
    return modes[max(names, key=len)] if names else None


def _declared(run: Run) -> dict[str, Mode]:
    """The user's own modes, as far as they can be read."""
    found = {}
    for name, body in run.parameters.get("modes", {}).items():
        with suppress(KeyError, TypeError):
            found[name] = mode_declared(name, body)
    return found


def _fault(text: str) -> PlannedFault | None:
    found = _FAULT.fullmatch(text)
    if found is None:
        return None
    value, for_s = found["value"], found["for"]
    return PlannedFault(
        found["kind"],
        float(found["at"]),
        None if for_s is None else float(for_s),
        None if value is None else float(value),
        found["target"] or "",
    )
