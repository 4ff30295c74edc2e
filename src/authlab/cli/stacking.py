"""The options that choose the kind of stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from authlab.cli.values import Problems, option
from authlab.model.modes import Mode, check_containers_hold

if TYPE_CHECKING:
    from authlab.lab.stacks import StackChoice


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--stack` and `--worker-cpus` to a command."""
    cpus = option("--worker-cpus", type=float, help="Share of a CPU that each worker may use, with --stack compose.")
    kind = option(
        "--stack", "stack_kind", default="local", show_default=True, help="local: processes; compose: containers."
    )
    return kind(cpus(command))


def choice_of(kind: str, worker_cpus: float | None, problems: Problems, modes: Sequence[Mode] = ()) -> StackChoice:
    """The stack that the two options choose, for a call with these `modes`. Problems are added to `problems`."""
    from authlab.lab.stacks import STACK_KINDS, StackChoice

    found = next((known for known in STACK_KINDS if known == kind), None)
    if found is None:
        problems.add(f"unknown kind of stack {kind!r}; kinds: {', '.join(STACK_KINDS)}")
    if worker_cpus is not None and found == "local":
        problems.add("--worker-cpus limits containers: it needs --stack compose")
    if worker_cpus is not None and not 0.01 <= worker_cpus <= 1024:
        problems.add(f"--worker-cpus must be a share of a CPU of at least 0.01, not {worker_cpus:g}")
    if found == "compose":
        with problems.collecting():
            check_containers_hold(modes)
    return StackChoice(found or "local", worker_cpus)
