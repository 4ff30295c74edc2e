"""An engine, or the reason why there is none; stacks on it; logs when a test fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from authlab.host.obituary import tail
from authlab.model.errors import Unavailable
from authlab.model.modes import MODES
from authlab.stack.compose import ComposeStacks
from authlab.stack.compose.engine import Engine, find_engine
from authlab.stack.secrets import Secrets
from tests.standing import stand_up_with

StandUp = Callable[..., AbstractContextManager[ComposeStacks]]

_LOG_LINES = 30


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine with Compose."""
    try:
        found = find_engine()
    except Unavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run these tests: {reason}")
        pytest.skip(f"no containers here: {reason}")
    yield found
    found.close()


@pytest.fixture(scope="session")
def stand_up(engine: Engine, tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> StandUp:
    """As the local stacks' fixture of the same name, with containers."""

    return stand_up_with(ComposeStacks, lambda: tmp_path_factory.mktemp("compose"), secrets, within_s=90.0)


@pytest.fixture(scope="package")
def standing(stand_up: StandUp) -> Iterator[ComposeStacks]:
    """Every mode on three workers behind its proxy. Tests leave them as they are."""
    with stand_up(*MODES, workers=3, deadline_s=240.0) as stacks:  # some forty containers
        yield stacks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the containers of a failed test said last."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for value in item.funcargs.values():
            if isinstance(value, ComposeStacks):
                for log in _logs(value):
                    report.sections.append((str(log), "\n".join(tail(log, lines=_LOG_LINES))))
    return report


def _logs(stacks: ComposeStacks) -> list[Path]:
    for stack in stacks.stacks.values():
        stack.save_logs()
    return sorted({log for stack in stacks.stacks.values() for log in stack.access_log.parent.glob("*.log")})
