"""Trials as planned, and as measured: each in a few numbers, with the reasons to doubt it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from authlab.checkers.guards import (
    fault_trial_reasons,
    generator_share,
    generators_reasons,
    lag_p99_ms,
    stack_share,
    trial_reasons,
    unserved_share,
)
from authlab.lab.probing import in_numbers
from authlab.model.conditions import Conditions
from authlab.model.faults import FaultEvent
from authlab.model.findings import ExperimentResult
from authlab.model.history import TrialHistory
from authlab.model.machine import MachineFacts
from authlab.model.plan import Arm, Plan, SideBySide
from authlab.model.run import Trial
from authlab.stats.blocks import measured
from authlab.store.frames import TrialFrames

NOT_MEASURED = "not measured"


def planned_trials(results: Iterable[ExperimentResult], before: int) -> Iterator[Trial]:
    """One trial per arm of each plan, as run.json holds them before anything runs.

    Their numbers continue after `before` other trials.
    """
    number = before
    for result in results:
        for plan in result.plans:
            suffix = f"-{plan.stage}" if len(result.plans) > 1 else ""
            for arm in plan.arms:
                number += 1
                name = f"{number:02d}-{arm.label}{suffix}"
                yield Trial(name, result.id, plan.stage, arm.label, arm.workers, valid=False, reasons=(NOT_MEASURED,))


def came_out(
    trials: Sequence[Trial],
    plan: Plan,
    frames: Mapping[str, TrialFrames],
    histories: Mapping[str, TrialHistory],
    conditions: Conditions | None,
    facts: MachineFacts | None,
) -> list[Trial]:
    """The `trials` of a plan with their numbers and doubts. Trials without tables stay as they are.

    `frames` and `histories` are by the trial's id. `conditions` are None if the lab was killed and they are unknown.
    """
    held = {t.id: frames[t.id] for t in trials if t.id in frames and not frames[t.id].samples.is_empty()}
    cores = facts.stack_cores if facts else None
    together: tuple[str, ...] = ()
    if plan.side_by_side and facts:
        together = generators_reasons([tables.windows for tables in held.values()], facts.generator_cores)
    found = []
    for trial in trials:
        if trial.id not in held:
            found.append(trial)
            continue
        tables, history = held[trial.id], histories.get(trial.id, TrialHistory())
        reasons = _reasons(plan, plan.arm(trial.mode), tables, history, conditions, cores)
        summary = summary_of(tables, conditions, cores)
        if plan.side_by_side:
            # Requests planned after the end of the load were not to be sent: a share of them means nothing.
            summary["unserved_share"] = None
        if history.probes:
            summary["store_reads"] = in_numbers(history.probes)
        reasons = tuple(dict.fromkeys((*reasons, *together)))
        found.append(replace(trial, blocks=summary["blocks"], valid=not reasons, reasons=reasons, summary=summary))
    return found


def with_token(trial: Trial, length: int | None) -> Trial:
    """The trial with the length of its token in bytes, if it has been measured and has one."""
    if length is None or not trial.summary:
        return trial
    return replace(trial, summary={**trial.summary, "token_bytes": length})


def _reasons(
    plan: Plan,
    arm: Arm,
    tables: TrialFrames,
    history: TrialHistory,
    conditions: Conditions | None,
    cores: int | None,
) -> tuple[str, ...]:
    """The reasons why the trial is not valid; empty if it is valid."""
    if isinstance(plan.exercise, SideBySide):
        timed = plan.exercise.timed
        return (
            *history.problems,
            *_unproven(arm, history.faults),
            *fault_trial_reasons(
                tables.samples,
                tables.windows,
                conditions or Conditions(),
                timed=timed,
                workers=arm.workers,
                first_fault_ns=min((event.start_ns for event in history.faults), default=None),
            ),
        )
    room = None if plan.may_saturate else cores
    return trial_reasons(tables.samples, tables.windows, tables.resources, conditions, room, arm.workers)


def _unproven(arm: Arm, events: Sequence[FaultEvent]) -> list[str]:
    found = [f"nothing proves that {event.kind} of {event.target} took effect" for event in events if not event.proven]
    found += [f"{event.kind} of {event.target} was not seen to end" for event in events if event.end_ns is None]
    missing = len(arm.faults) - len(events)
    if missing > 0:
        found.append(f"{missing} of {len(arm.faults)} faults never began: the run was cut short")
    return found


def summary_of(
    tables: TrialFrames, conditions: Conditions | None = None, stack_cores: int | None = None
) -> dict[str, Any]:
    """A trial in a few numbers, for run.json."""
    kept = measured(tables.samples)
    outcomes = dict(kept["outcome"].value_counts().sort("outcome").iter_rows())
    return {
        "requests": kept.height,
        "outcomes": outcomes,
        "blocks": tables.windows["block"].n_unique(),
        "p50_ms": _rounded(kept["response_ms"].quantile(0.5)),
        "p99_ms": _rounded(kept["response_ms"].quantile(0.99)),
        "generator_cpu_share": _rounded(generator_share(tables.windows)),
        "stack_cpu_share": _rounded(stack_share(tables.resources, stack_cores) if stack_cores else None),
        "lag_p99_ms": _rounded(lag_p99_ms(tables.samples)),
        "unserved_share": _rounded(unserved_share(tables.windows)),
        **({} if conditions is None else {"conditions": asdict(conditions)}),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 5)
