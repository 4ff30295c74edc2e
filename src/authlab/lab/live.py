"""One arm while its stack is up: stack, load and faults, and how they are undone."""

from __future__ import annotations

import math
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from authlab.faults.catalogue import FAULTS
from authlab.faults.schedule import FaultSchedule
from authlab.host.machine import Pinning
from authlab.host.processes import Guardian
from authlab.lab.collecting import RECORDING
from authlab.lab.listening import Listener
from authlab.lab.stacks import LOCAL, StackChoice, Stacks, stacks_of
from authlab.load import LoadPlan, LoadProcess
from authlab.load.scenario import Scenario, scenario_from_word
from authlab.model.plan import Arm, Plan
from authlab.model.session_store import TIMEOUT_S, TIMEOUT_SETTING
from authlab.stack.protocol import Stack
from authlab.stack.secrets import FULL_COST, Secrets, make_secrets
from authlab.store.history import write_faults
from authlab.store.runs import RunFolder

UP_WITHIN_S: Final = 60.0

_SILENT_MORE_S: Final = 60.0
"""How much longer than planned a pause may take on a busy machine."""


@dataclass(frozen=True)
class Context:
    """What carrying out a plan needs. `scenario` is the user's choice, None for the default."""

    folder: RunFolder
    guardian: Guardian
    runtime: Path
    secrets: Secrets
    users: int
    pins: Pinning
    listener: Listener
    choice: StackChoice = LOCAL
    scenario: Scenario | None = None

    def scenario_of(self, arm: Arm) -> Scenario | None:
        """The scenario of the arm's users."""
        if self.scenario is not None and arm.scenario == self.scenario.name:
            return self.scenario
        return scenario_from_word(arm.scenario) if arm.scenario else None


@dataclass
class LiveArm:
    """An arm and its processes. `loads` are its generators so far; the last one is at work."""

    arm: Arm
    stacks: Stacks
    stack: Stack
    secrets: Secrets
    folder: Path
    runtime: Path
    loads: list[LoadProcess] = field(default_factory=list)
    schedule: FaultSchedule | None = None
    stopped_ns: int = 0

    @property
    def load(self) -> LoadProcess:
        """The generator at work."""
        return self.loads[-1]

    def start_load(self, plan: LoadPlan, context: Context) -> None:
        """Start a generator for `plan`. It is ready only after its `wait_ready`."""
        load = LoadProcess(
            context.guardian,
            self.arm.label,
            url=self.stack.url,
            plan=plan,
            recording=self.folder / RECORDING,
            credentials=self.secrets.credentials,
            runtime=self.runtime / f"load-{len(self.loads) + 1}",
            log=self.folder / "logs" / "locust.log",
            cpus=context.pins.generator or None,
            scenario=context.scenario_of(self.arm),
        )
        load.start()
        self.loads.append(load)
        self.stopped_ns = 0

    def stop_load(self) -> None:
        """End the generator if it still runs."""
        if self.loads:
            self.stopped_ns = self.stopped_ns or time.monotonic_ns()
            self.load.stop()

    def plan_faults(self, seed: int) -> FaultSchedule:
        """The schedule of its faults, ready to begin. It writes each fault to the trial's folder as it happens."""
        write_faults(self.folder, ())
        self.schedule = FaultSchedule(
            self.stack,
            self.arm.faults,
            self.secrets,
            seed,
            lambda events: write_faults(self.folder, events),
            self.arm.in_turn_s,
            float(self.arm.settings.get(TIMEOUT_SETTING, TIMEOUT_S)),
        )
        return self.schedule

    def undo_faults(self) -> None:
        """Undo its faults that are not over, if there are any."""
        if self.schedule:
            self.schedule.abort()

    def cpu_ns(self) -> int:
        """CPU time that its generators and its stack have used."""
        return sum(load.cpu_ns() for load in self.loads) + self.stacks.cpu_ns()


def live_arm(plan: Plan, arm: Arm, trial_id: str, number: int, context: Context, standing: ExitStack) -> LiveArm:
    """The arm with its stack of round `number` (1, 2, …), which has not started yet. `standing` stops it at the end."""
    folder = context.folder.trial_folder(trial_id)
    runtime = context.runtime / plan.stage / trial_id / f"round-{number}"
    secrets = _secrets(arm, runtime, context)
    stacks = stacks_of(
        context.choice,
        [arm.mode],
        workers=arm.workers,
        guardian=context.guardian,
        runtime=runtime / "stack",
        logs=lambda _mode: folder / "logs",
        secrets=secrets,
        cpus=context.pins.stack or None,
        settings=settings_of(arm),
        read_timeout_s=arm.read_timeout_s,
        persistence=arm.persistence,
        linked=arm.linked,
    )
    standing.enter_context(stacks)
    return LiveArm(arm, stacks, stacks.stacks[arm.mode.name], secrets, folder, runtime)


def settings_of(arm: Arm) -> dict[str, str]:
    """The settings of its workers. A worker that a fault freezes keeps its memory: gunicorn must wait for longer."""
    silent_s = sum(fault.for_s or 0.0 for fault in arm.faults if FAULTS[fault.kind].freezes)
    longer = {"AUTHLAB_SILENT_S": str(math.ceil(min(silent_s + _SILENT_MORE_S, 86_400)))} if silent_s else {}
    return {**longer, **arm.settings}


def _secrets(arm: Arm, runtime: Path, context: Context) -> Secrets:
    """The arm's own secrets, because its faults may change them."""
    folder = runtime / "secrets"
    if arm.full_cost or arm.users != context.users:
        cost = {"scrypt_cost": FULL_COST} if arm.full_cost else {}
        return make_secrets(folder, arm.users, **cost)
    shutil.copytree(context.secrets.folder, folder)
    folder.chmod(0o700)
    return replace(context.secrets, folder=folder, credentials=folder / context.secrets.credentials.name)
