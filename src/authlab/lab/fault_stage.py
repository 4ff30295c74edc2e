"""One fault stage carried out: arms up, users logged in, load and harm, all of it undone, histories judged."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from authlab.checkers.guards import fault_trial_reasons, generators_reasons
from authlab.checkers.history import check_history
from authlab.experiments.faulted import SLACK_S, TAIL_S, Arm, FaultStage
from authlab.faults.schedule import FaultSchedule
from authlab.host.conditions import ConditionsWatch
from authlab.lab.collecting import RECORDING, collect, discard_raw, has_raw, write_slices
from authlab.lab.listening import Listener, Progress
from authlab.lab.probing import probe_stores, told
from authlab.lab.stacks import Stacks, stacks_of
from authlab.lab.stage import READY_WITHIN_S, UP_WITHIN_S, StageContext
from authlab.lab.summaries import summary_of
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.load.scenario import scenario_meant
from authlab.model.conditions import Conditions
from authlab.model.errors import LabError
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked
from authlab.model.session_store import StoreProbe
from authlab.model.windows import Slice
from authlab.stack.capabilities import Probing
from authlab.stack.protocol import Stack
from authlab.stack.secrets import FULL_COST, Secrets, make_secrets
from authlab.store.frames import TrialFrames
from authlab.store.history import write_faults, write_history

LEAD_IN_S: Final = 0.5
TICK_S: Final = 0.25


@dataclass(frozen=True)
class FaultOutcome:
    """What a fault stage came to, by the arms' labels."""

    frames: dict[str, TrialFrames]
    invalid: dict[str, tuple[str, ...]]
    summaries: dict[str, dict[str, Any]]
    faults: dict[str, tuple[FaultEvent, ...]]
    checks: dict[str, tuple[Checked, ...]]
    versions: dict[str, str]
    interrupted: bool
    probes: dict[str, tuple[StoreProbe, ...]] = field(default_factory=dict)


@dataclass
class _Standing:
    """One arm while it stands."""

    arm: Arm
    stacks: Stacks
    stack: Stack
    secrets: Secrets
    folder: Path
    load: LoadProcess | None = None
    schedule: FaultSchedule | None = None
    stopped_ns: int = 0


def run_fault_stage(stage: FaultStage, context: StageContext) -> FaultOutcome:
    """Carry `stage` out. On Ctrl-C faults are undone, and what was recorded so far is kept (`interrupted`).

    Raises `LabError`, with a diagnosis, when something dies that no fault was to kill.
    """
    listener = context.listener
    names = ", ".join(stage.labels)
    listener.phase(f"starting {len(stage.arms)} stacks: {names}")
    interrupted = False
    conditions = Conditions()
    versions: dict[str, str] = {}
    probes: dict[str, tuple[StoreProbe, ...]] = {}
    with ExitStack() as everything:
        arms = [_prepare(stage, arm, context, everything) for arm in stage.arms]
        for standing in arms:
            standing.stacks.up(UP_WITHIN_S)
        users = sorted({stage.users_of(arm) for arm in stage.arms})
        listener.phase(f"logging {' or '.join(map(str, users))} users in, in each of them")
        try:
            _start_loads(stage, arms, context)
            everything.callback(_stop_loads, arms)
            for standing in arms:
                _schedule(stage, standing)
            everything.callback(_undo, arms)
            probes = _probed(arms, listener)
            watch = ConditionsWatch(lambda: _own_cpu_ns(arms))
            watch.begin()
            _go(stage, arms, context)
            conditions = watch.end()
        except KeyboardInterrupt:
            interrupted = True
        for standing in arms:
            versions |= standing.stacks.versions()
        listener.phase("undoing what is left of the faults, and taking the stacks down")
    listener.phase("reading the histories")
    outcome = _outcome(stage, arms, conditions, versions, context, interrupted)
    return _with_probes(_with_generators(outcome, context), probes)


def _prepare(stage: FaultStage, arm: Arm, context: StageContext, everything: ExitStack) -> _Standing:
    folder = context.folder.trial_folder(context.trial_ids[arm.label])
    runtime = context.runtime / context.trial_ids[arm.label]
    secrets = _secrets(stage, arm, runtime, context)
    mode = stage.mode(arm)
    stacks = stacks_of(
        context.choice,
        [mode],
        workers=stage.workers_of(arm),
        guardian=context.guardian,
        runtime=runtime / "stack",
        logs=lambda _mode: folder / "logs",
        secrets=secrets,
        cpus=context.pins.stack or None,
        settings=arm.settings,
        read_timeout_s=arm.read_timeout_s,
        persistence=arm.persistence,
        linked=arm.linked,
    )
    everything.enter_context(stacks)
    return _Standing(arm, stacks, stacks.stacks[mode.name], secrets, folder)


def _secrets(stage: FaultStage, arm: Arm, runtime: Path, context: StageContext) -> Secrets:
    """Secrets of the arm's own: its faults may change them."""
    folder = runtime / "secrets"
    if arm.full_cost or stage.users_of(arm) != stage.users:
        cost = {"scrypt_cost": FULL_COST} if arm.full_cost else {}
        return make_secrets(folder, stage.users_of(arm), **cost)
    shutil.copytree(context.secrets.folder, folder)
    folder.chmod(0o700)
    return replace(context.secrets, folder=folder, credentials=folder / context.secrets.credentials.name)


def _start_loads(stage: FaultStage, arms: Sequence[_Standing], context: StageContext) -> None:
    for standing in arms:
        arm = standing.arm
        load = LoadProcess(
            context.guardian,
            arm.label,
            url=standing.stack.url,
            plan=replace(_plan(stage, arm), credential=standing.stack.mode.credential),
            recording=standing.folder / RECORDING,
            credentials=standing.secrets.credentials,
            runtime=context.runtime / context.trial_ids[arm.label] / "load",
            log=standing.folder / "logs" / "locust.log",
            cpus=context.pins.generator or None,
            scenario=scenario_meant(arm.scenario) if arm.scenario else stage.scenario,
        )
        load.start()
        standing.load = load
    deadline = time.monotonic() + READY_WITHIN_S
    for standing in arms:
        if standing.load:
            standing.load.wait_ready(max(0.1, deadline - time.monotonic()))


def _plan(stage: FaultStage, arm: Arm) -> LoadPlan:
    windows = []
    at_s = 0.0
    for index, (seconds, rate) in enumerate(stage.phases_of(arm)):
        seed = stage.seed * 1000 + index
        windows.append(Window(index, round(at_s * 1e9), round((at_s + seconds) * 1e9), rate, seed))
        at_s += seconds
    return LoadPlan(
        seed=stage.seed,
        users=stage.users_of(arm),
        windows=tuple(windows),
        mix=arm.mix,
        timeout_s=arm.timeout_s,
        relogin=arm.relogin,
        addresses=arm.addresses,
    )


def _schedule(stage: FaultStage, standing: _Standing) -> None:
    write_faults(standing.folder, ())
    standing.schedule = FaultSchedule(
        standing.stack,
        standing.arm.faults,
        standing.secrets,
        stage.seed,
        lambda events: write_faults(standing.folder, events),
        standing.arm.in_turn_s,
    )


def _probed(arms: Sequence[_Standing], listener: Listener) -> dict[str, tuple[StoreProbe, ...]]:
    asked = [(standing.arm.label, standing.stack) for standing in arms if standing.arm.probe_store]
    stores = {label: stack for label, stack in asked if isinstance(stack, Probing)}
    if not stores:
        return {}
    listener.phase(f"timing reads of a session at the stores of {', '.join(stores)}")
    return probe_stores(stores, listener.note)


def _go(stage: FaultStage, arms: Sequence[_Standing], context: StageContext) -> None:
    """Load and harm, to their end."""
    for standing in arms:
        for sentence in standing.schedule.sentences if standing.schedule else ():
            context.listener.note(f"{standing.arm.label}, {sentence}")
    origin_ns = time.monotonic_ns() + round(LEAD_IN_S * 1e9)
    for standing in arms:
        write_slices(standing.folder, _slices(stage, standing.arm), origin_ns)
        if standing.load and standing.schedule:
            standing.load.go(origin_ns)
            standing.schedule.begin(origin_ns)
    _watch(stage, arms, origin_ns, context)
    _stop_loads(arms)


def _slices(stage: FaultStage, arm: Arm) -> list[Slice]:
    found = []
    for window in _plan(stage, arm).windows:
        start, end = window.start_ns / 1e9, window.end_ns / 1e9
        found.append(Slice(window.index, window.index, arm.label, arm.label, start, end, 0.0, window.seed))
    return found


def _watch(stage: FaultStage, arms: Sequence[_Standing], origin_ns: int, context: StageContext) -> None:
    ends_s, over_s = stage.duration_s, 0.0
    while True:
        elapsed = (time.monotonic_ns() - origin_ns) / 1e9
        if any(standing.schedule and not standing.schedule.is_over for standing in arms):
            over_s = elapsed
        ends_s = min(max(stage.duration_s, over_s + TAIL_S), stage.duration_s + SLACK_S - TICK_S)
        if elapsed >= ends_s:
            return
        time.sleep(min(TICK_S, max(0.01, ends_s - elapsed)))
        counts = {}
        for standing in arms:
            if troubles := standing.stacks.troubles():
                raise LabError("\n".join(troubles))
            if standing.load is not None:
                if standing.load.exit_status() not in (None, 0):
                    raise LabError(standing.load.obituary())
                counts[standing.arm.label] = standing.load.progress()
                standing.load.cpu_ns()
        requests = sum(count.requests for count in counts.values())
        context.listener.progress(
            Progress(
                block=1,
                blocks=1,
                mode=stage.key,
                elapsed_s=max(0.0, elapsed),
                duration_s=ends_s,
                requests=requests,
                rate_rps=requests / max(elapsed, 1.0),
                failure_shares={label: c.failures / c.requests for label, c in counts.items() if c.requests},
            )
        )


def _undo(arms: Sequence[_Standing]) -> None:
    for standing in arms:
        if standing.schedule:
            standing.schedule.abort()


def _stop_loads(arms: Sequence[_Standing]) -> None:
    for standing in arms:
        if standing.load:
            standing.stopped_ns = standing.stopped_ns or time.monotonic_ns()
            standing.load.stop()


def _own_cpu_ns(arms: Sequence[_Standing]) -> int:
    loads = sum(standing.load.cpu_ns() for standing in arms if standing.load)
    return time.process_time_ns() + loads + sum(standing.stacks.cpu_ns() for standing in arms)


def _outcome(
    stage: FaultStage,
    arms: Sequence[_Standing],
    conditions: Conditions,
    versions: dict[str, str],
    context: StageContext,
    interrupted: bool,
) -> FaultOutcome:
    outcome = FaultOutcome({}, {}, {}, {}, {}, versions, interrupted)
    for standing in arms:
        label = standing.arm.label
        if not has_raw(standing.folder) or standing.schedule is None:
            continue  # interrupted before its load began
        tables = _cut(collect(standing.folder), standing.stopped_ns)
        events = standing.schedule.events
        checks = check_history(tables.samples, events)
        context.folder.write_frames(context.trial_ids[label], tables)
        write_history(standing.folder, checks)
        discard_raw(standing.folder)
        outcome.frames[label] = tables
        outcome.faults[label] = events
        outcome.checks[label] = checks
        outcome.invalid[label] = (
            *standing.schedule.problems,
            *_unproven(standing.arm, events),
            *fault_trial_reasons(tables.samples, tables.windows, conditions, timed=stage.timed),
        )
        outcome.summaries[label] = summary_of(tables, conditions)
    return outcome


def _cut(tables: TrialFrames, stopped_ns: int) -> TrialFrames:
    """The last window was planned longer than the load went on: it ended when the load was stopped."""
    ends = pl.min_horizontal("end_ns", pl.lit(stopped_ns)) if stopped_ns else pl.col("end_ns")
    return replace(tables, windows=tables.windows.with_columns(ends.alias("end_ns")))


def _with_generators(outcome: FaultOutcome, context: StageContext) -> FaultOutcome:
    """The generators of all arms share cores: together they may be too much where none is alone."""
    cores = len(context.pins.generator) or os.cpu_count() or 1
    reasons = generators_reasons([tables.windows for tables in outcome.frames.values()], cores)
    invalid = {label: tuple(dict.fromkeys((*own, *reasons))) for label, own in outcome.invalid.items()}
    # What the plan had beyond the load's end was not to be sent: a share of it says nothing.
    summaries = {label: {**summary, "unserved_share": None} for label, summary in outcome.summaries.items()}
    return replace(outcome, invalid=invalid, summaries=summaries)


def _with_probes(outcome: FaultOutcome, probes: Mapping[str, tuple[StoreProbe, ...]]) -> FaultOutcome:
    kept = {label: found for label, found in probes.items() if found and label in outcome.summaries}
    summaries = {
        label: {**summary, **({"store_reads": told(kept[label])} if label in kept else {})}
        for label, summary in outcome.summaries.items()
    }
    return replace(outcome, summaries=summaries, probes=kept)


def _unproven(arm: Arm, events: Sequence[FaultEvent]) -> list[str]:
    found = [f"nothing proves that {event.kind} of {event.target} took effect" for event in events if not event.proven]
    found += [f"{event.kind} of {event.target} was not seen to end" for event in events if event.end_ns is None]
    missing = len(arm.faults) - len(events)
    if missing > 0:
        found.append(f"{missing} of {len(arm.faults)} faults never began: the run was cut short")
    return found


def texts_of(stage: FaultStage) -> Mapping[str, list[str]]:
    """The faults of each arm, as they would be written on the command line."""
    from authlab.faults.spec import spelled

    return {arm.label: [spelled(fault) for fault in arm.faults] for arm in stage.arms}
