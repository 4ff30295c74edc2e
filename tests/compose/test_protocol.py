"""A stack of containers is a stack like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from authlab.stack.compose.operations import crash
from tests.compose.conftest import StandUp
from tests.stack.protocol_suite import MODES, StackSuite

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stacks(stand_up: StandUp) -> Iterator[Any]:
    """Containers."""
    with stand_up(*MODES, workers=3) as standing:
        yield standing


class TestComposeStack(StackSuite):
    def crash(self, stack: Any, worker: str) -> None:
        crash(stack.parts[worker])
