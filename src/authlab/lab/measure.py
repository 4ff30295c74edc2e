"""Carries a plan out: it starts stacks, loads them, samples resources, injects faults, and undoes all of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from authlab.checkers.history import check_history
from authlab.experiments.catalogue import RULES
from authlab.experiments.evidence import ArmData, PlanData
from authlab.experiments.procedures import Decision
from authlab.faults.asking import token_bytes
from authlab.host.conditions import ConditionsWatch
from authlab.lab.collecting import collected, write_slices
from authlab.lab.listening import Progress
from authlab.lab.live import UP_WITHIN_S, Context, LiveArm, live_arm
from authlab.lab.probing import probe_stores
from authlab.lab.sampling import RESOURCES_FILE, ResourceSampler, by_the_second, whole_slices
from authlab.load.slices import length_s, load_plan, slices_of
from authlab.model.conditions import Conditions
from authlab.model.errors import LabError
from authlab.model.plan import SLACK_S, TAIL_S, Interleaved, Plan, Procedure, SideBySide, Step
from authlab.model.windows import Slice
from authlab.stack.capabilities import Probing
from authlab.store.frames import TrialFrames
from authlab.store.history import write_faults, write_history, write_probes

READY_WITHIN_S: Final = 60.0
LOGIN_S: Final = 0.02
"""Time that one more user may take to log in, on a busy machine."""

LEAD_IN_S: Final = 0.5
"""Time between the last generator's readiness and the first slice, for the generators to find the go file."""

TICK_S: Final = 0.25
_RATE_OVER_TICKS: Final = 24
_ENDS_WITHIN_S: Final = 10.0


@dataclass(frozen=True)
class Outcome:
    """The outcome of a plan: `plan` with the steps that were done, and each measured arm's tables by its label."""

    plan: Plan
    frames: Mapping[str, TrialFrames]
    conditions: Conditions
    versions: Mapping[str, str]
    interrupted: bool
    token_bytes: Mapping[str, int] = field(default_factory=dict)
    """The length of a token of a fresh log-in, by the label of each arm whose workers sign tokens."""


def carry_out(plan: Plan, trial_ids: Mapping[str, str], context: Context, keep: Callable[[Plan], None]) -> Outcome:
    """Carry `plan` out. On Ctrl-C faults are undone, and the data so far are kept (`interrupted`).

    `trial_ids` has each arm's trial by its label; `keep` gets the plan after each step of a procedure. Afterwards the
    trials' folders hold what judging needs. Raises `LabError`, with a diagnosis, if a process does not start, or dies
    although no fault was to kill it.
    """
    return _Run(plan, trial_ids, context, keep).run()


@dataclass
class _Run:
    plan: Plan
    trial_ids: Mapping[str, str]
    context: Context
    keep: Callable[[Plan], None]
    arms: list[LiveArm] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    frames: dict[str, TrialFrames] = field(default_factory=dict)
    standing: ExitStack = field(default_factory=ExitStack)
    starts: int = 0
    loaded_s: float = 0.0
    ended_cpu_ns: int = 0
    token_bytes: dict[str, int] = field(default_factory=dict)

    def run(self) -> Outcome:
        interrupted = False
        versions: dict[str, str] = {}
        with ExitStack() as everything:
            everything.callback(self._stop)
            self._start()
            watch = ConditionsWatch(self._own_cpu_ns)
            try:
                if isinstance(self.plan.exercise, Procedure):
                    self._follow(self.plan.exercise, watch)
                else:
                    self._rounds(self.plan.exercise, watch)
            except KeyboardInterrupt:
                interrupted = True
            conditions = watch.end()
            for live in self.arms:
                versions |= live.stacks.versions()
            self.context.listener.phase("stopping the stacks")
        if interrupted:
            self._collect()
        self._write_histories()
        return Outcome(self.plan, self.frames, conditions, versions, interrupted, self.token_bytes)

    def _start(self) -> None:
        """Start the stacks of all arms. Those of the round before were stopped."""
        arms = self.plan.arms
        names = ", ".join(arm.label for arm in arms)
        again = f" for round {self.starts + 1}" if self.starts else ""
        self.context.listener.phase(f"starting {len(arms)} stacks{again}: {names}")
        self.starts += 1
        self.arms = []
        self.standing.callback(self._stop_loads)
        for arm in arms:
            trial = self.trial_ids[arm.label]
            self.arms.append(live_arm(self.plan, arm, trial, self.starts, self.context, self.standing))
        for live in self.arms:
            live.stacks.up(UP_WITHIN_S)
        self.standing.callback(self._undo_faults)

    def _stop(self) -> None:
        """Undo faults, and stop loads and stacks. Harmless if nothing runs."""
        self.ended_cpu_ns += sum(live.cpu_ns() for live in self.arms)
        self._stop_loads()
        self.standing.close()

    def _follow(self, procedure: Procedure, watch: ConditionsWatch) -> None:
        """Carry out steps by the procedure's rule. Each step is stored before it is measured."""
        rule = RULES[procedure.rule]
        began = time.monotonic()
        while True:
            arms = {live.arm.label: live.arm for live in self.arms if live.arm.label in self.frames}
            data = PlanData(self.plan, {label: ArmData(arm, self.frames[label]) for label, arm in arms.items()})
            decision = rule(procedure, data, time.monotonic() - began)
            procedure = _with(procedure, decision)
            self.plan = replace(self.plan, exercise=procedure)
            self.keep(self.plan)
            if decision.exercise is None:
                self.context.listener.note(procedure.ended)
                return
            self._rounds(decision.exercise, watch, fresh=procedure.fresh)

    def _rounds(self, exercise: Interleaved | SideBySide, watch: ConditionsWatch, *, fresh: bool = False) -> None:
        """Load the stacks in one round after the other. `fresh`: even the first one has stacks that did nothing yet."""
        parts: Sequence[Interleaved | SideBySide] = (exercise,)
        if isinstance(exercise, Interleaved):
            parts = exercise.by_round
        for place, part in enumerate(parts):
            if place or (fresh and self.slices):
                self._stop()
                self._start()
            self._exercise(part, watch)
            self.loaded_s += length_s(part, self.plan)

    def _exercise(self, exercise: Interleaved | SideBySide, watch: ConditionsWatch) -> None:
        """Load the running stacks once."""
        slices = slices_of(self.plan, exercise, self.slices)
        self._start_loads(slices)
        if self.plan.side_by_side:
            for live in self.arms:
                for sentence in live.plan_faults(self.plan.seed).sentences:
                    self.context.listener.note(f"{live.arm.label}, {sentence}")
        self._probe_stores()
        if not self.slices:
            self._measure_tokens()
            watch.begin()
        origin_ns = time.monotonic_ns() + round(LEAD_IN_S * 1e9)
        for live in self.arms:
            write_slices(live.folder, [part for part in slices if part.mode == live.arm.label], origin_ns)
        counts = by_the_second(slices) if isinstance(exercise, SideBySide) else whole_slices(slices)
        sampler = ResourceSampler(
            counts,
            origin_ns,
            {live.arm.label: live.stack for live in self.arms},
            {live.arm.label: live.load.pid for live in self.arms},
            {live.arm.label: live.folder / RESOURCES_FILE for live in self.arms},
        )
        sampler.start()
        for live in self.arms:
            live.load.go(origin_ns)
            if live.schedule:
                live.schedule.begin(origin_ns)
        try:
            self._watch(exercise, slices, origin_ns)
            for live in self.arms:
                if all(part.end_s * 1e9 + origin_ns <= time.monotonic_ns() for part in slices):
                    live.load.wait(_ENDS_WITHIN_S)
                live.stop_load()
        finally:
            sampler.halt()
            sampler.join(5.0)
        self._undo_faults()
        self._collect()
        self.slices += slices

    def _start_loads(self, slices: Sequence[Slice]) -> None:
        users = sorted({arm.users for arm in self.plan.arms})
        self.context.listener.phase(f"logging in {' or '.join(map(str, users))} users per arm")
        for live in self.arms:
            live.start_load(load_plan(self.plan, live.arm, slices), self.context)
        deadline = time.monotonic() + READY_WITHIN_S + LOGIN_S * sum(arm.users for arm in self.plan.arms)
        for live in self.arms:
            live.load.wait_ready(max(0.1, deadline - time.monotonic()))

    def _probe_stores(self) -> None:
        asked = [(live, live.stack) for live in self.arms if live.arm.probe_store]
        stores = {live.arm.label: stack for live, stack in asked if isinstance(stack, Probing)}
        if not stores:
            return
        self.context.listener.phase(f"timing reads of a session at the stores of {', '.join(stores)}")
        found = probe_stores(stores, self.context.listener.note)
        for live, _ in asked:
            if probes := found.get(live.arm.label):
                write_probes(live.folder, probes)

    def _measure_tokens(self) -> None:
        """One log-in at each arm whose workers sign tokens. Only the token's length is kept."""
        for live in self.arms:
            if live.arm.mode.signs_tokens:
                try:
                    url = live.stack.workers[0].url
                    self.token_bytes[live.arm.label] = token_bytes(url, live.secrets, live.arm.mode)
                except LabError as error:
                    self.context.listener.note(f"{live.arm.label}: the length of a token was not measured: {error}")

    def _watch(self, exercise: Interleaved | SideBySide, slices: Sequence[Slice], origin_ns: int) -> None:
        """Report the progress until the load is over. Raises `LabError` if a process dies meanwhile."""
        # Rows reach the disk when a slice ends. The rate is therefore taken over a few slices.
        readings = deque([(time.monotonic(), 0)], maxlen=_RATE_OVER_TICKS)
        planned_s, faults_over_s = length_s(exercise, self.plan), 0.0
        blocks, whole_s = sum(self.plan.rounds), self._planned_s()
        while True:
            elapsed = (time.monotonic_ns() - origin_ns) / 1e9
            if any(live.schedule and not live.schedule.is_over for live in self.arms):
                faults_over_s = elapsed
            ends_s = planned_s
            if any(live.arm.faults for live in self.arms):
                ends_s = min(max(planned_s, faults_over_s + TAIL_S), planned_s + SLACK_S - TICK_S)
            if elapsed >= ends_s:
                return
            time.sleep(min(TICK_S, max(0.01, ends_s - elapsed)))
            self._check_alive()
            counts = {live.arm.label: live.load.progress() for live in self.arms}
            requests = sum(count.requests for count in counts.values())
            now = time.monotonic()
            at = next((part for part in reversed(slices) if part.start_s <= elapsed), slices[0])
            several = isinstance(exercise, Interleaved)
            self.context.listener.progress(
                Progress(
                    block=at.block + 1 if several else 1,
                    blocks=blocks if several else 1,
                    mode=at.label if several else self.plan.stage,
                    elapsed_s=self.loaded_s + max(0.0, elapsed),
                    duration_s=max(whole_s, self.loaded_s + ends_s),
                    requests=requests,
                    rate_rps=(requests - readings[0][1]) / max(1e-9, now - readings[0][0]),
                    failure_shares={label: c.failures / c.requests for label, c in counts.items() if c.requests},
                )
            )
            readings.append((now, requests))

    def _planned_s(self) -> float:
        """How long the loads of all rounds run, as far as they are known."""
        held = self.plan.exercise
        steps = [step.exercise for step in held.steps] if isinstance(held, Procedure) else [held]
        return sum(length_s(step, self.plan) for step in steps)

    def _check_alive(self) -> None:
        for live in self.arms:
            if troubles := live.stacks.troubles():
                raise LabError("\n".join(troubles))
            # A generator ends by itself after its last slice, which may be well before the end of all.
            if live.load.exit_status() not in (None, 0):
                raise LabError(live.load.obituary())
            live.load.cpu_ns()  # it stores the value: after its last slice it ends, and its clock with it

    def _stop_loads(self) -> None:
        for live in self.arms:
            live.stop_load()

    def _undo_faults(self) -> None:
        for live in self.arms:
            live.undo_faults()

    def _own_cpu_ns(self) -> int:
        return time.process_time_ns() + self.ended_cpu_ns + sum(live.cpu_ns() for live in self.arms)

    def _collect(self) -> None:
        """Make tables from the raw files, and add them to those of earlier steps."""
        self.context.listener.phase("reading the samples")
        for live in self.arms:
            tables = collected(self.context.folder, live.folder, self.plan, live.stopped_ns)
            if tables is not None:
                self.frames[live.arm.label] = tables

    def _write_histories(self) -> None:
        if not self.plan.side_by_side:
            return
        self.context.listener.phase("reading the histories")
        for live in self.arms:
            if live.schedule is None or live.arm.label not in self.frames:
                continue  # interrupted before its load began
            write_faults(live.folder, live.schedule.events, live.schedule.problems)
            write_history(live.folder, check_history(self.frames[live.arm.label].samples, live.schedule.events))


def _with(procedure: Procedure, decision: Decision) -> Procedure:
    """The procedure with the rule's numbers for the last step, and with the next step or the end."""
    steps = list(procedure.steps)
    if steps:
        steps[-1] = msgspec.structs.replace(steps[-1], found=decision.found)
    if decision.exercise is not None:
        steps.append(Step(decision.exercise))
    return msgspec.structs.replace(procedure, steps=tuple(steps), ended=decision.ended)
