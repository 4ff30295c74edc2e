"""Stacks of containers: one compose project per mode, side by side. Each has its own store if it needs one."""

from __future__ import annotations

import json
import secrets as random_names
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from authlab.host.processes import Guardian
from authlab.model.errors import Unavailable
from authlab.model.modes import Mode, check_containers_hold
from authlab.model.session_store import Persistence
from authlab.stack.compose.context import ComposeContext
from authlab.stack.compose.deaths import Deaths
from authlab.stack.compose.engine import find_engine
from authlab.stack.compose.operable import OperableComposeStack
from authlab.stack.compose.ownership import LABEL, Ownership, clear_abandoned, remove_owned
from authlab.stack.compose.stack import ComposeStack
from authlab.stack.compose.trouble import engine_errors_as_lab_errors
from authlab.stack.secrets import Secrets

DEADLINE_S = 60.0
READ_TIMEOUT_S = 30.0

_PACKAGES = ("flask", "werkzeug", "gunicorn", "hiredis", "pyjwt")


class ComposeStacks:
    """The stacks of several modes as containers, up at the same time. A context manager that stops them.

    Takes what `LocalStacks` takes. `worker_cpus` limits each worker to that share of a CPU. What an earlier, killed lab
    left is removed first. Raises `Unavailable` if the engine or Compose is missing or lacks a needed feature, and
    `UsageProblem` for a mode of the user's own.
    """

    def __init__(
        self,
        modes: Sequence[Mode],
        *,
        workers: int,
        guardian: Guardian,
        runtime: Path,
        logs: Callable[[str], Path],
        secrets: Secrets,
        cpus: Sequence[int] | None = None,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
        persistence: Persistence = "none",
        worker_cpus: float | None = None,
        linked: bool = False,
    ) -> None:
        if workers < 1:
            raise ValueError(f"a stack needs at least one worker, not {workers}")
        if port is not None and len(modes) != 1:
            raise ValueError("a fixed port serves exactly one mode")
        check_containers_hold(modes)
        guardian.remove_at_end(runtime)
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = find_engine()
        if worker_cpus is not None and not self._engine.limits_cpu:
            self._engine.close()
            raise Unavailable(
                "the engine's kernel can't limit a container to a share of a CPU (CONFIG_CFS_BANDWIDTH). "
                "Remedy: leave out --worker-cpus."
            )
        self._owner = Ownership(runtime / "lab.lock")
        self._deaths = Deaths(self._engine.client, f"{LABEL}={self._owner.label}")
        context = ComposeContext(
            engine=self._engine,
            guardian=guardian,
            deaths=self._deaths,
            label=self._owner.label,
            token=random_names.token_hex(4),
            secrets=secrets,
            runtime=runtime,
            read_timeout_s=read_timeout_s,
            settings=settings or {},
            persistence=persistence,
            cpus=cpus,
            worker_cpus=worker_cpus,
            linked=linked,
        )
        self.stacks: dict[str, OperableComposeStack] = {
            mode.name: OperableComposeStack(mode, workers, context, logs(mode.name), port) for mode in modes
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def up(self, deadline_s: float = DEADLINE_S) -> None:
        """Start everything. Returns when every worker has answered through its proxy.

        The time to build and pull images, which happens once, does not count. Raises `LabError` with what died or did
        not answer; then nothing of it is left.
        """
        if any(stack.parts for stack in self.stacks.values()):
            raise RuntimeError("it is up already")
        try:
            with engine_errors_as_lab_errors():
                clear_abandoned(self._engine.client)
                self._bring_up(deadline_s)
        except BaseException:
            self.down()
            raise

    def _bring_up(self, deadline_s: float) -> None:
        stacks = list(self.stacks.values())
        stacks[0].prepare()  # builds the image; the others then find it
        _side_by_side(stacks[1:], lambda stack: stack.prepare())
        self._deaths.start()
        deadline = time.monotonic() + deadline_s
        _side_by_side(stacks, lambda stack: stack.start(deadline_s))
        _side_by_side(stacks, lambda stack: stack.wait_until_served(max(0.0, deadline - time.monotonic())))
        _side_by_side(stacks, lambda stack: stack.settle())

    def down(self) -> None:
        """Stop everything: logs saved, no container, network or volume left. Harmless if it is down."""
        self._deaths.stop()
        with engine_errors_as_lab_errors():
            try:
                _side_by_side(self.stacks.values(), lambda stack: stack.end())
            finally:
                remove_owned(self._engine.client, self._owner.label)
                for stack in self.stacks.values():
                    stack.forget()

    def close(self) -> None:
        """Stop everything and close the connection to the engine."""
        try:
            self.down()
        finally:
            self._owner.release()
            self._engine.close()

    def troubles(self) -> list[str]:
        """What died unexpectedly since the start, each with a complete diagnosis."""
        return [trouble for stack in self.stacks.values() for trouble in stack.troubles()]

    def cpu_ns(self) -> int:
        """CPU time that all containers have used, in nanoseconds."""
        return sum(usage.cpu_ns for stack in self.stacks.values() for usage in stack.usage())

    def versions(self) -> dict[str, str]:
        """Engine and programs in use, read from the containers, whose versions may differ from those installed here."""
        found = {"docker": self._engine.version, "docker compose": self._engine.compose_version}
        for stack in self.stacks.values():
            for part, container in stack.parts.items():
                if part == "proxy" and "nginx" not in found:
                    found["nginx"] = _said(container, ["nginx", "-v"]).rpartition("/")[2]
                if part == "store" and "redis" not in found:
                    found["redis"] = (
                        "Redis " + _said(container, ["redis-server", "--version"]).partition("v=")[2].split()[0]
                    )
                if part == "worker-1" and "service python" not in found:
                    found |= json.loads(_said(container, ["python", "-c", _ASK_PACKAGES]))
        return found


_ASK_PACKAGES = f"""
import importlib.metadata, json, platform
found = {{"service python": platform.python_version()}}
for name in {_PACKAGES}:
    found[name] = importlib.metadata.version(name)
print(json.dumps(found))
"""


def _side_by_side(stacks: Iterable[ComposeStack], do: Callable[[ComposeStack], None]) -> None:
    """Run it for all at once. Raises the first error when all are done."""
    stacks = list(stacks)
    with ThreadPoolExecutor(max(1, len(stacks)), thread_name_prefix="compose") as pool:
        for done in [pool.submit(do, stack) for stack in stacks]:
            done.result()


def _said(container: Any, command: list[str]) -> str:
    return str(container.exec_run(command).output.decode(errors="replace").strip())
