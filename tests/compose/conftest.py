"""An engine, or the reason why there is none; stacks on it; logs when a test fails."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from authlab.host.obituary import tail
from authlab.host.processes import Guardian
from authlab.model.errors import Unavailable
from authlab.model.modes import MODES, mode_named
from authlab.stack.compose import ComposeStacks
from authlab.stack.compose.engine import Engine, find_engine
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[ComposeStacks]]
People = list[tuple[str, str]]

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

    @contextmanager
    def stand(*modes: str, workers: int = 3, deadline_s: float = 90.0, **options: Any) -> Iterator[ComposeStacks]:
        folder = tmp_path_factory.mktemp("compose")
        with (
            Guardian() as guardian,
            ComposeStacks(
                [mode_named(name) for name in modes],
                workers=workers,
                guardian=guardian,
                runtime=folder / "runtime",
                logs=lambda mode: folder / "logs" / mode,
                secrets=options.pop("secrets", secrets),
                **options,
            ) as stacks,
        ):
            stacks.up(deadline_s)
            yield stacks

    return stand


@pytest.fixture(scope="package")
def standing(stand_up: StandUp) -> Iterator[ComposeStacks]:
    """Every mode on three workers behind its proxy. Tests leave them as they are."""
    with stand_up(*MODES, workers=3) as stacks:
        yield stacks


@pytest.fixture(scope="session")
def people(secrets: Secrets) -> People:
    """User names and passwords."""
    users = json.loads(secrets.credentials.read_text())["users"]
    return [(user["username"], user["password"]) for user in users]


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
