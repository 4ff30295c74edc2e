"""The modes that the chosen tests are about, side by side, brought up once for the whole suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from authlab.model.mode import Mode
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks

StandUp = Callable[..., AbstractContextManager[LocalStacks]]


def modes_of(items: list[pytest.Item]) -> list[str]:
    """The names of the modes that these tests have as parameters; one with a store among them, to be taken away."""
    values = [value for item in items if hasattr(item, "callspec") for value in item.callspec.params.values()]
    named = {value.name if isinstance(value, Mode) else value for value in values if isinstance(value, str | Mode)}
    stored = next(name for name, mode in MODES.items() if mode.needs_store)
    found = [name for name in MODES if name in named]
    return found if any(MODES[name].needs_store for name in found) else [*found, stored]


@pytest.fixture(scope="package")
def standing(stand_up: StandUp, request: pytest.FixtureRequest) -> Iterator[LocalStacks]:
    """Each of those modes on three workers behind its proxy. Tests leave them as they are."""
    with stand_up(*modes_of(request.session.items), workers=3) as stacks:
        yield stacks
