"""What tests of real processes share: a guardian, stacks that are stood up and torn down, logs when one fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from authlab.host.obituary import tail
from authlab.host.processes import Guardian
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import Secrets, make_secrets
from tests.standing import People, stand_up_with

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

_LOG_LINES = 30


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    """A guardian of one test: whatever the test starts with it ends with the test."""
    with Guardian() as started:
        yield started


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """Secrets of five users, `user-0001` to `user-0005`, whose passwords are in `secrets.credentials`."""
    return make_secrets(tmp_path_factory.mktemp("secrets"), users=5)


@pytest.fixture(scope="session")
def stand_up(tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> StandUp:
    """`with stand_up("redis", "jwt", workers=2, …) as stacks:` – these modes, up for as long as the block."""

    return stand_up_with(LocalStacks, lambda: tmp_path_factory.mktemp("stacks"), secrets, within_s=60.0)


@pytest.fixture(scope="session")
def people(secrets: Secrets) -> People:
    """User names and passwords."""
    users = json.loads(secrets.credentials.read_text())["users"]
    return [(user["username"], user["password"]) for user in users]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last lines of every log that a failed test left under its temporary folders."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        folders = [value for value in item.funcargs.values() if isinstance(value, Path)]
        for value in item.funcargs.values():
            if isinstance(value, LocalStacks):
                folders += [stack.access_log.parent.parent for stack in value.stacks.values()]
        logs = sorted({log for folder in folders if folder.is_dir() for log in folder.rglob("*.log")})
        for log in logs:
            report.sections.append((str(log), "\n".join(tail(log, lines=_LOG_LINES))))
    return report
