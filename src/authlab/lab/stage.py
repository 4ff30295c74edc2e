"""One stage measured: stacks up, generators ready, slices run, everything down, tables written."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from authlab.checkers.guards import trial_reasons
from authlab.experiments.base import Stage
from authlab.experiments.planning import slices_of
from authlab.host.machine import Pinning
from authlab.host.processes import Guardian
from authlab.lab.collecting import RECORDING, collect, discard_raw, write_slices
from authlab.lab.listening import Listener, Progress
from authlab.lab.sampling import RESOURCES_FILE, ResourceSampler, machine_busy_ns
from authlab.lab.summaries import summary_of
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.model.errors import LabError
from authlab.model.modes import MODES
from authlab.model.windows import Slice
from authlab.stack.local import LocalStacks
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
    modes = [MODES[name] for name in stage.modes]
    listener = context.listener
    listener.phase(f"starting {len(modes)} stacks of {stage.workers} workers: {', '.join(stage.modes)}")
    stacks = LocalStacks(
        modes,
        workers=stage.workers,
        guardian=context.guardian,
        runtime=context.runtime / stage.key,
        logs=lambda mode: context.folder.trial_folder(context.trial_ids[mode]) / "logs",
        secrets=context.secrets,
        cpus=context.pins.stack or None,
    )
    interrupted = False
    try:
        stacks.up(UP_WITHIN_S)
        listener.phase(f"logging {stage.users} users in, in each mode")
        loads = _start_loads(stage, slices, stacks, context)
        try:
            _await_ready(loads)
            interrupted = _run_slices(stage, slices, stacks, loads, context)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            for load in loads.values():
                load.stop()
        versions = stacks.versions()
    finally:
        listener.phase("taking the stacks down")
        stacks.down()
    listener.phase("reading the samples")
    return _outcome(stage, context, versions, interrupted)


def _start_loads(
    stage: Stage, slices: list[Slice], stacks: LocalStacks, context: StageContext
) -> dict[str, LoadProcess]:
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
    stacks: LocalStacks,
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
    busy_before, began = machine_busy_ns(), time.monotonic()
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
    stolen = _stolen_share(busy_before, machine_busy_ns(), time.monotonic() - began)
    if stolen is not None and stolen > STEAL_LIMIT:
        context.listener.note(
            f"the hypervisor took {stolen:.1%} of the CPU away during the run: its ratios still hold, "
            "its absolute times may not"
        )
    return False


STEAL_LIMIT = 0.02
"""Share of the machine's CPU time, taken by its host, from which the reader is told."""


def _stolen_share(before: tuple[int, int] | None, after: tuple[int, int] | None, elapsed_s: float) -> float | None:
    if before is None or after is None:
        return None
    return (after[1] - before[1]) / (elapsed_s * 1e9)


def _watch(
    stage: Stage,
    slices: list[Slice],
    origin_ns: int,
    stacks: LocalStacks,
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


def _check_alive(stacks: LocalStacks, loads: Mapping[str, LoadProcess], elapsed: float, duration: float) -> None:
    if troubles := stacks.troubles():
        raise LabError("\n".join(troubles))
    for load in loads.values():
        # A generator ends by itself after its last slice, which may be well before the stage's end.
        if load.exit_status() not in (None, 0) and elapsed < duration:
            raise LabError(load.obituary())


def _outcome(stage: Stage, context: StageContext, versions: dict[str, str], interrupted: bool) -> StageOutcome:
    frames: dict[str, TrialFrames] = {}
    invalid: dict[str, tuple[str, ...]] = {}
    summaries: dict[str, dict[str, Any]] = {}
    for mode in stage.modes:
        trial = context.trial_ids[mode]
        folder = context.folder.trial_folder(trial)
        tables = collect(folder)
        context.folder.write_frames(trial, tables)
        discard_raw(folder)
        frames[mode] = tables
        invalid[mode] = trial_reasons(tables.samples, tables.windows)
        summaries[mode] = summary_of(tables)
    return StageOutcome(frames, invalid, summaries, versions, interrupted)
