"""One behavioural suite for every mode, through the real proxy and three real workers."""

import pytest

pytest.register_assert_rewrite("tests.contract.suite")
