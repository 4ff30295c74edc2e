"""One Locust process: started, made ready, let go, awaited. It loads one mode with one plan."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from authlab.host.affinity import pin
from authlab.host.clocks import cpu_ns
from authlab.host.processes import Guardian, Process, minimal_environment
from authlab.load.plan import LoadPlan
from authlab.load.scenario import DEFAULT, Scenario, library, scenario_from_word
from authlab.load.tail import Counts, RecordingTail
from authlab.model.errors import LabError

_POLL_S = 0.02
_STOP_WITHIN_S = 3.0

# libev's default on Linux, epoll, rounds sleeps up to whole milliseconds, which added 0.6 ms of lag to the median
# request. Its select backend sleeps to the microsecond (0.1 ms measured) and can handle some hundred users.
_TIMER_BACKEND = "select"
_MANY_USERS = 1000
_SPAWN_RPS = 500
"""Users who start in one second: as many log-ins at once as a listening socket has places for."""


@dataclass(frozen=True)
class Readiness:
    """The result of the log-ins. `failures` are the users who gave up, each with its number and its problem."""

    users: int
    failures: tuple[tuple[int, str], ...]


class LoadProcess:
    """Runs `scenario` (the default one, if None) against `url`, under the guardian. Call in this order: start,
    wait_ready, go, wait.

    `recording` becomes the folder with its samples, `runtime` holds plan and go file, `log` gets its output. It starts
    on all cores, because starting needs nothing but CPU, and is pinned to `cpus` when it is ready.
    """

    def __init__(
        self,
        guardian: Guardian,
        mode: str,
        *,
        url: str,
        plan: LoadPlan,
        recording: Path,
        credentials: Path,
        runtime: Path,
        log: Path,
        cpus: Sequence[int] | None = None,
        scenario: Scenario | None = None,
    ) -> None:
        self.mode = mode
        self._guardian = guardian
        self._url = url
        self._plan = plan
        self._recording = recording.absolute()  # Locust runs in a different folder
        self._credentials = credentials
        self._runtime = runtime.absolute()
        self._log = log
        self._cpus = cpus
        self._scenario = scenario or scenario_from_word(DEFAULT)
        self._go = self._runtime / "go.json"
        self._tail = RecordingTail(self._recording)
        self._process: Process | None = None
        self._cpu_ns = 0

    @property
    def pid(self) -> int:
        """Process id. Raises `LabError` before `start`."""
        return self._started().pid

    def start(self) -> None:
        """Write the plan and start Locust. Returns at once; `wait_ready` returns the result."""
        for folder in (self._runtime, self._recording, self._log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self._go.unlink(missing_ok=True)
        plan = self._runtime / "plan.json"
        plan.write_text(self._plan.to_json(self._go), encoding="utf-8")
        users, per_s = str(self._plan.users), str(min(self._plan.users, _SPAWN_RPS))
        command = [sys.executable, "-m", "locust", "-f", str(self._scenario.path), "--headless", "--only-summary"]
        command += ["--loglevel", "WARNING", "-u", users, "-r", per_s, "--host", self._url]
        command += ["--plan", str(plan), "--recording", str(self._recording)]
        self._process = self._guardian.spawn(
            f"the load generator of {self.mode}",
            command,
            log=self._log,
            env=self._environment(),
            cwd=self._runtime,
        )

    def wait_ready(self, within_s: float) -> Readiness:
        """Wait until all users have logged in.

        Raises `LabError`, with a diagnosis, if Locust dies, is not ready in time, or any user could not log in.
        """
        process = self._started()
        deadline = time.monotonic() + within_s
        while (ready := self._readiness()) is None:
            if process.poll() is not None:
                raise LabError(process.obituary() + self._hint())
            if time.monotonic() > deadline:
                raise LabError(
                    f"{process.name} had not logged its {self._plan.users} users in after {within_s:.0f} s; "
                    f"it {process.obituary().removeprefix(process.name).lstrip()}"
                )
            time.sleep(_POLL_S)
        if ready.failures:
            user, problem = ready.failures[0]
            raise LabError(
                f"{len(ready.failures)} of {ready.users} users could not log in to {self.mode} at {self._url}, "
                f"the first of them number {user} ({problem}). Full log: {self._log}"
            )
        if self._cpus:
            pin([process.pid], self._cpus)
        return ready

    def go(self, origin_ns: int) -> None:
        """Let the windows begin. Their times count from `origin_ns` of CLOCK_MONOTONIC, which may be in the future."""
        beside = self._go.with_suffix(".new")
        beside.write_text(json.dumps({"origin_ns": origin_ns}), encoding="utf-8")
        beside.replace(self._go)

    def wait(self, within_s: float) -> None:
        """Wait for the end after the last window. Raises `LabError` if it failed or still runs."""
        process = self._started()
        status = process.wait(within_s)
        if status is None:
            raise LabError(f"{process.name} still ran {within_s:.0f} s after its last window. {process.obituary()}")
        if status != 0:
            raise LabError(process.obituary())

    def exit_status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._started().poll()

    def progress(self) -> Counts:
        """What it has recorded so far. Cheap: reads only what is new since the last call."""
        return self._tail.counts()

    def cpu_ns(self) -> int:
        """CPU time that it has used, in nanoseconds. After its end, the last value that was read."""
        with contextlib.suppress(ProcessLookupError):
            self._cpu_ns = cpu_ns(self.pid)
        return self._cpu_ns

    def obituary(self) -> str:
        """How it ended, in whole sentences."""
        return self._started().obituary()

    def stop(self) -> None:
        """End it. Its recording is marked `interrupted` unless it had finished. Harmless if it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.stop(within_s=_STOP_WITHIN_S)

    def _hint(self) -> str:
        if self._scenario.shipped:
            return ""
        return f"\nWhat a scenario like {self._scenario.path.name} needs is in docs/extending.md."

    def _started(self) -> Process:
        if self._process is None:
            raise LabError(f"the load generator of {self.mode} was not started.")
        return self._process

    def _readiness(self) -> Readiness | None:
        for path in self._recording.glob(f"ready-*-{self.pid}.json"):
            body = json.loads(path.read_bytes())
            return Readiness(body["users"], tuple((item["user"], item["problem"]) for item in body["failures"]))
        return None

    def _environment(self) -> dict[str, str]:
        # Locust reads ~/.locust.conf: a user's own settings must not change the measurement.
        inherited = minimal_environment()
        backend = os.environ.get("GEVENT_BACKEND", _TIMER_BACKEND if self._plan.users <= _MANY_USERS else None)
        return inherited | {
            "HOME": str(self._runtime),
            "AUTHLAB_CREDENTIALS": str(self._credentials.absolute()),
            # A scenario of the user's own imports the recorder, which is beside the shipped scenarios.
            "PYTHONPATH": os.pathsep.join(filter(None, (str(library()), inherited.get("PYTHONPATH")))),
            **({} if backend is None else {"GEVENT_BACKEND": backend}),
        }
