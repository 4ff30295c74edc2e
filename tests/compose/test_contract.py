"""The contract of every mode, kept by containers behind their proxy."""

from __future__ import annotations

import pytest

from tests.contract.test_modes import TestCookie, TestCsrf, TestEveryMode, TestSession, TestToken

__all__ = ["TestCookie", "TestCsrf", "TestEveryMode", "TestSession", "TestToken"]

pytestmark = pytest.mark.stack
