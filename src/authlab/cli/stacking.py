"""The options that choose the kind of stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from authlab.cli.values import DURATION, Problems, option
from authlab.model.modes import Mode, check_containers_hold
from authlab.model.session_store import TIMEOUT_SETTING

if TYPE_CHECKING:
    from authlab.lab.stacks import StackChoice


def stack_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--stack` and `--worker-cpus` to a command."""
    cpus = option("--worker-cpus", type=float, help="Share of a CPU that each worker may use, with --stack compose.")
    kind = option(
        "--stack", "stack_kind", default="local", show_default=True, help="local: processes; compose: containers."
    )
    return kind(cpus(command))


TIMEOUT_HELP = "Workers' longest wait for a reply of the store: a slower one is away (503), e.g. 0.5s.  [default: 0.2s]"
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = 0.01, 60.0

timeout_option = option("--store-timeout", "store_timeout_s", type=DURATION, envvar=TIMEOUT_SETTING, help=TIMEOUT_HELP)
"""Add `--store-timeout` to a command. Containers of plain Compose take the same environment variable."""


def check_timeout(store_timeout_s: float | None, problems: Problems) -> None:
    """Add a problem for a limit that the service does not take."""
    if store_timeout_s is not None and not LEAST_TIMEOUT_S <= store_timeout_s <= MOST_TIMEOUT_S:
        most = f"{LEAST_TIMEOUT_S:g}s to {MOST_TIMEOUT_S:g}s"
        problems.add(f"--store-timeout must be {most}, not {store_timeout_s:g}s")


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
