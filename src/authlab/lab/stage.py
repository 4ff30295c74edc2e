"""One stage measured: stacks up, generators ready, slices run, everything down, tables written."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlab.experiments.base import Stage
from authlab.experiments.planning import slices_of
from authlab.host.conditions import ConditionsWatch
from authlab.host.machine import Pinning
from authlab.host.processes import Guardian
from authlab.lab.collecting import RECORDING, collect, discard_raw, write_slices
from authlab.lab.listening import Listener, Progress
from authlab.lab.sampling import RESOURCES_FILE, ResourceSampler
from authlab.lab.stacks import LOCAL, StackChoice, Stacks, stacks_of
from authlab.lab.summaries import reasons_of, summary_of
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.model.conditions import Conditions
from authlab.model.errors import LabError
from authlab.model.windows import Slice
from authlab.stack.secrets import Secrets
from authlab.store.frames import TrialFrames
from authlab.store.runs import RunFolder

UP_WITHIN_S = 60.0
READY_WITHIN_S = 60.0
LEAD_IN_S = 0.3
"""Between the last generator's readiness and the first slice: time for the go file to be seen."""

TICK_S = 0.5
_RATE_OVER_TICKS = 12


@dataclass(frozen=True)
class StageContext:
    """What a stage needs beside its plan."""

    folder: RunFolder
    guardian: Guardian
    runtime: Path
    secrets: Secrets
    pins: Pinning
    trial_ids: Mapping[str, str]
    listener: Listener
    choice: StackChoice = LOCAL


@dataclass(frozen=True)
class StageOutcome:
    """What a stage came to: tables and summaries by mode, what served, and how restless the machine was."""

    frames: dict[str, TrialFrames]
    invalid: dict[str, tuple[str, ...]]
    summaries: dict[str, dict[str, Any]]
    versions: dict[str, str]
    interrupted: bool


def run_stage(stage: Stage, context: StageContext) -> StageOutcome:
    """Measure `stage`. On Ctrl-C the slices so far are kept and `interrupted` is set.

    Raises `LabError`, with a diagnosis, when a part of a stack or a generator dies or never comes up.
    """
    slices = slices_of(stage)
    modes = [stage.mode(name) for name in stage.modes]
    listener = context.listener
    listener.phase(f"starting {len(modes)} stacks of {stage.workers} workers: {', '.join(stage.modes)}")
    stacks = stacks_of(
        context.choice,
        modes,
        workers=stage.workers,
        guardian=context.guardian,
        runtime=context.runtime / stage.key,
        logs=lambda mode: context.folder.trial_folder(context.trial_ids[mode]) / "logs",
        secrets=context.secrets,
        cpus=context.pins.stack or None,
    )
    interrupted = False
    conditions = Conditions()
    with stacks:
        stacks.up(UP_WITHIN_S)
        listener.phase(f"logging {stage.users} users in, in each mode")
        loads = _start_loads(stage, slices, stacks, context)
        try:
            _await_ready(loads)
            watch = ConditionsWatch(lambda: _own_cpu_ns(stacks, loads))
            watch.begin()
            interrupted = _run_slices(stage, slices, stacks, loads, context)
            conditions = watch.end()
        except KeyboardInterrupt:
            interrupted = True
        finally:
            for load in loads.values():
                load.stop()
        versions = stacks.versions()
        listener.phase("taking the stacks down")
    listener.phase("reading the samples")
    return _outcome(stage, context, versions, conditions, interrupted)


def _start_loads(stage: Stage, slices: list[Slice], stacks: Stacks, context: StageContext) -> dict[str, LoadProcess]:
    loads = {}
    for mode in stage.modes:
        folder = context.folder.trial_folder(context.trial_ids[mode])
        plan = LoadPlan(
            seed=stage.seed,
            users=stage.users,
            windows=tuple(
                Window(part.index, round(part.start_s * 1e9), round(part.end_s * 1e9), stage.rate_rps, part.seed)
                for part in slices
                if part.mode == mode
            ),
            credential=stacks.stacks[mode].mode.credential,
        )
        load = LoadProcess(
            context.guardian,
            mode,
            url=stacks.stacks[mode].url,
            plan=plan,
            recording=folder / RECORDING,
            credentials=context.secrets.credentials,
            runtime=context.runtime / stage.key / f"load-{mode}",
            log=folder / "logs" / "locust.log",
            cpus=context.pins.generator or None,
            scenario=stage.scenario,
        )
        load.start()
        loads[mode] = load
    return loads


def _await_ready(loads: Mapping[str, LoadProcess]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    for load in loads.values():
        load.wait_ready(max(0.1, deadline - time.monotonic()))


def _run_slices(
    stage: Stage,
    slices: list[Slice],
    stacks: Stacks,
    loads: Mapping[str, LoadProcess],
    context: StageContext,
) -> bool:
    """Run the slices to their end; True if Ctrl-C cut them short."""
    origin_ns = time.monotonic_ns() + round(LEAD_IN_S * 1e9)
    files = {}
    for mode in stage.modes:
        folder = context.folder.trial_folder(context.trial_ids[mode])
        write_slices(folder, [part for part in slices if part.mode == mode], origin_ns)
        files[mode] = folder / RESOURCES_FILE
    for load in loads.values():
        load.go(origin_ns)
    pids = {mode: load.pid for mode, load in loads.items()}
    sampler = ResourceSampler(slices, origin_ns, stacks.stacks, pids, files)
    sampler.start()
    try:
        _watch(stage, slices, origin_ns, stacks, loads, context.listener)
        for load in loads.values():
            load.wait(10.0)
    except KeyboardInterrupt:
        return True
    finally:
        sampler.halt()
        sampler.join(5.0)
    return False


def _watch(
    stage: Stage,
    slices: list[Slice],
    origin_ns: int,
    stacks: Stacks,
    loads: Mapping[str, LoadProcess],
    listener: Listener,
) -> None:
    """Tell the progress until the last slice has ended; raise `LabError` if anything dies meanwhile."""
    # Rows reach the disk when a slice ends, so the rate is taken over a few slices.
    readings = deque([(time.monotonic(), 0)], maxlen=_RATE_OVER_TICKS)
    at = 0
    while True:
        elapsed = (time.monotonic_ns() - origin_ns) / 1e9
        if elapsed >= stage.duration_s:
            return
        time.sleep(min(TICK_S, max(0.01, stage.duration_s - elapsed)))
        _check_alive(stacks, loads, elapsed, stage.duration_s)
        while at + 1 < len(slices) and slices[at + 1].start_s <= elapsed:
            at += 1
        counts = {mode: load.progress() for mode, load in loads.items()}
        for load in loads.values():
            load.cpu_ns()  # kept by it: after its last slice it ends, and its clock with it
        requests = sum(count.requests for count in counts.values())
        now = time.monotonic()
        listener.progress(
            Progress(
                block=slices[at].block + 1,
                blocks=stage.blocks,
                mode=slices[at].label,
                elapsed_s=max(0.0, elapsed),
                duration_s=stage.duration_s,
                requests=requests,
                rate_rps=(requests - readings[0][1]) / max(1e-9, now - readings[0][0]),
                failure_shares={m: c.failures / c.requests for m, c in counts.items() if c.requests},
            )
        )
        readings.append((now, requests))


def _check_alive(stacks: Stacks, loads: Mapping[str, LoadProcess], elapsed: float, duration: float) -> None:
    if troubles := stacks.troubles():
        raise LabError("\n".join(troubles))
    for load in loads.values():
        # A generator ends by itself after its last slice, which may be well before the stage's end.
        if load.exit_status() not in (None, 0) and elapsed < duration:
            raise LabError(load.obituary())


def _own_cpu_ns(stacks: Stacks, loads: Mapping[str, LoadProcess]) -> int:
    """CPU time that the lab, its generators and all stacks have used."""
    return time.process_time_ns() + sum(load.cpu_ns() for load in loads.values()) + stacks.cpu_ns()


def _outcome(
    stage: Stage, context: StageContext, versions: dict[str, str], conditions: Conditions, interrupted: bool
) -> StageOutcome:
    frames: dict[str, TrialFrames] = {}
    invalid: dict[str, tuple[str, ...]] = {}
    summaries: dict[str, dict[str, Any]] = {}
    cores = context.pins.stack_cores
    for mode in stage.modes:
        trial = context.trial_ids[mode]
        folder = context.folder.trial_folder(trial)
        tables = collect(folder)
        context.folder.write_frames(trial, tables)
        discard_raw(folder)
        frames[mode] = tables
        invalid[mode] = reasons_of(tables, conditions, None if stage.may_saturate else cores)
        summaries[mode] = summary_of(tables, conditions, cores)
    return StageOutcome(frames, invalid, summaries, versions, interrupted)
