"""The compose files on a real Docker engine: as a user runs them, and as the lab does.

Without an engine these tests skip and say why; where CI is `true`, that is a failure.
"""

import pytest

pytest.register_assert_rewrite("tests.contract.suite", "tests.stack.protocol_suite")
