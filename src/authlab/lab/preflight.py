"""Checks what must be there before a run or a stack writes its first file. It reports everything missing at once."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable

from authlab.lab.stacks import StackKind
from authlab.model.errors import LabError, Unavailable, all_of
from authlab.model.modes import Mode, check_containers_hold
from authlab.stack.programs import find_nginx, find_store_server


def check_programs(modes: Iterable[Mode], kind: StackKind = "local", *, load: bool) -> None:
    """Raise one `Unavailable`, with remedies, for all missing programs that `modes` (and a load) need.

    Raises `UsageProblem` for a mode that this `kind` of stack can't run.
    """
    modes = list(modes)
    if kind == "compose":
        check_containers_hold(modes)
    looks: list[Callable[[], object]] = [find_nginx] if kind == "local" else [find_docker]
    if kind == "local" and any(mode.needs_store for mode in modes):
        looks.append(find_store_server)
    if load:
        looks.append(_find_locust)
    all_of(looks, LabError, Unavailable)


def find_docker() -> str:
    """The Docker engine in words. Raises `Unavailable`, with the remedy, if something is missing."""
    from authlab.stack.compose import about_engine  # the Docker SDK is loaded by those who use it

    return about_engine()


def _find_locust() -> None:
    # Find Locust without an import: importing it would patch this process's sockets.
    if importlib.util.find_spec("locust") is None:
        raise Unavailable("Locust is not installed for this Python. Remedy: pip install locust")
