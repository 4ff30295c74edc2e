"""All modes side by side, brought up once for the whole suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks

StandUp = Callable[..., AbstractContextManager[LocalStacks]]


@pytest.fixture(scope="package")
def standing(stand_up: StandUp) -> Iterator[LocalStacks]:
    """Every mode on three workers behind its proxy. Tests leave them as they are."""
    with stand_up(*MODES, workers=3) as stacks:
        yield stacks
