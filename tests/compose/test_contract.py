"""The contract of every mode, kept by containers behind their proxy."""

from __future__ import annotations

import pytest

from tests.contract.test_modes import (
    test_every_mode_has_its_class,
)

__all__ = [
    *("TestJwt", "TestJwtCookie", "TestMemory", "TestNone", "TestRedis", "TestSticky"),
    "test_every_mode_has_its_class",
]

pytestmark = pytest.mark.stack
