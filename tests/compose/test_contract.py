"""The contract of every mode, kept by containers behind their proxy."""

from __future__ import annotations

import pytest

from tests.contract.test_modes import (
    TestConsistentHash,
    TestHash,
    TestIpHash,
    TestJwt,
    TestJwtCookie,
    TestMemory,
    TestNone,
    TestRedis,
    TestSticky,
    test_every_mode_has_its_class,
)

# Written out: ruff sees no use in a name that stands in a nested tuple, and takes its import away.
__all__ = [
    "TestConsistentHash",
    "TestHash",
    "TestIpHash",
    "TestJwt",
    "TestJwtCookie",
    "TestMemory",
    "TestNone",
    "TestRedis",
    "TestSticky",
    "test_every_mode_has_its_class",
]

pytestmark = pytest.mark.stack
