"""Stacks of either kind, stood up for a block of a test and brought down after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from authlab.host.processes import Guardian
from authlab.model.modes import mode_named
from authlab.stack.secrets import Secrets

People = list[tuple[str, str]]


def stand_up_with(
    kind: Callable[..., AbstractContextManager[Any]], new_folder: Callable[[], Path], secrets: Secrets, within_s: float
) -> Callable[..., AbstractContextManager[Any]]:
    """`stand(*modes, workers=3, …)`: a context manager with these modes up, as stacks of `kind`."""

    @contextmanager
    def stand(*modes: str, workers: int = 3, deadline_s: float = within_s, **options: Any) -> Iterator[Any]:
        folder = new_folder()
        with (
            Guardian() as guardian,
            kind(
                [mode_named(name) for name in modes],
                workers=workers,
                guardian=guardian,
                runtime=folder / "runtime",
                logs=lambda mode: folder / "logs" / mode,
                secrets=options.pop("secrets", secrets),
                **options,
            ) as stacks,
        ):
            stacks.up(deadline_s)
            yield stacks

    return stand
