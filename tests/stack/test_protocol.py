"""The local stack is a stack like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.stack.protocol_suite import MODES, StackSuite, StandUp

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stacks(stand_up: StandUp) -> Iterator[Any]:
    """Processes."""
    with stand_up(*MODES, workers=3) as standing:
        yield standing


class TestLocalStack(StackSuite):
    def crash(self, stack: Any, worker: str) -> None:
        next(part for part in stack.parts if part.name == worker).process.kill()
