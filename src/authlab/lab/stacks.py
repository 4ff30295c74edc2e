"""Local processes or containers: the only module that knows both kinds of stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

from authlab.host.processes import Guardian
from authlab.model.modes import Mode
from authlab.model.session_store import Persistence
from authlab.stack.local import READ_TIMEOUT_S, LocalStacks
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets

StackKind = Literal["local", "compose"]
STACK_KINDS: Final[tuple[StackKind, ...]] = get_args(StackKind)


@dataclass(frozen=True)
class StackChoice:
    """The chosen kind of stack. `worker_cpus` limits each worker to that share of a CPU (compose only)."""

    kind: StackKind = "local"
    worker_cpus: float | None = None


LOCAL: Final = StackChoice()


class Stacks(AbstractContextManager["Stacks"], Protocol):
    """The stacks of several modes, up at the same time. Leaving the context stops them."""

    @property
    def stacks(self) -> Mapping[str, Stack]:
        """Each mode's stack, by the mode's name."""
        ...

    def up(self, deadline_s: float) -> None:
        """Start everything. If that fails, it stops everything and raises `LabError`."""
        ...

    def cpu_ns(self) -> int:
        """CPU time that all stacks have used, in nanoseconds. Parts that stacks share count once."""
        ...

    def troubles(self) -> list[str]:
        """A diagnosis for each part that died or was replaced since the start, although nobody asked for it."""
        ...

    def versions(self) -> dict[str, str]:
        """The programs in use."""
        ...


def stacks_of(
    choice: StackChoice,
    modes: Sequence[Mode],
    *,
    workers: int,
    guardian: Guardian,
    runtime: Path,
    logs: Callable[[str], Path],
    secrets: Secrets,
    cpus: Sequence[int] | None = None,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    read_timeout_s: float = READ_TIMEOUT_S,
    persistence: Persistence = "none",
    linked: bool = False,
) -> Stacks:
    """Stacks of the chosen kind, not started yet. `LocalStacks` documents the parameters.

    Raises `Unavailable` if something that they need is missing.
    """
    if choice.kind == "local":
        return LocalStacks(
            modes,
            workers=workers,
            guardian=guardian,
            runtime=runtime,
            logs=logs,
            secrets=secrets,
            cpus=cpus,
            port=port,
            settings=settings,
            read_timeout_s=read_timeout_s,
            persistence=persistence,
            linked=linked,
        )
    from authlab.stack.compose import ComposeStacks  # the Docker SDK is loaded by those who use it

    return ComposeStacks(
        modes,
        workers=workers,
        guardian=guardian,
        runtime=runtime,
        logs=logs,
        secrets=secrets,
        cpus=cpus,
        port=port,
        worker_cpus=choice.worker_cpus,
        settings=settings,
        read_timeout_s=read_timeout_s,
        persistence=persistence,
        linked=linked,
    )
