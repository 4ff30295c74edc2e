"""What reading a session costs at a real store: how long it takes, and what it adds to the append-only file."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from authlab.model.errors import LabError
from authlab.model.session_store import Persistence
from authlab.stack import store_probe
from authlab.stack.capabilities import Probing
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack

CALLS = 50
A_SESSIONS_KEY = len("authlab:redis:session:") + 64


@pytest.mark.parametrize("persistence", ["everysec", "always"])
def test_every_read_is_written_down_with_its_key_and_its_new_expiry(
    stand_up: StandUp, persistence: Persistence
) -> None:
    with stand_up("redis", workers=1, persistence=persistence) as stacks:
        stack = stacks.stacks["redis"]
        assert isinstance(stack, Probing)
        probe = stack.probe_store(CALLS)
        assert len(probe.calls_us) == CALLS
        assert min(probe.calls_us) > 0
        assert min(probe.calls_us) <= probe.median_us <= max(probe.calls_us)
        per_call = probe.aof_bytes_per_call
        assert per_call is not None
        assert A_SESSIONS_KEY < per_call < 200
        assert probe.aof_bytes == CALLS * per_call
        assert probe.aof_bytes % CALLS == 0, "every call writes the same"
        assert stack.flush_store() == 0, "the session of the probe is gone"


def test_without_an_append_only_file_nothing_is_written_down(stand_up: StandUp) -> None:
    with stand_up("redis", workers=1) as stacks:
        stack = stacks.stacks["redis"]
        probe = stack.probe_store(CALLS)
        assert min(probe.calls_us) > 0
        assert probe.aof_bytes is None
        assert probe.aof_bytes_per_call is None
        assert stack.flush_store() == 0


def test_a_store_that_is_away_or_not_there_is_told(stand_up: StandUp) -> None:
    with stand_up("redis", "jwt", workers=1) as stacks:
        stacks.stacks["redis"].stop("store", kill=True)
        with pytest.raises(LabError, match="can't be probed: Connection refused"):
            stacks.stacks["redis"].probe_store(CALLS)
    with stand_up("jwt", workers=1) as stacks, pytest.raises(LabError, match="has no store"):
        stacks.stacks["jwt"].probe_store(CALLS)


def test_a_wrong_password_is_told_and_not_shown(stand_up: StandUp, secrets: Secrets) -> None:
    with stand_up("redis", workers=1) as stacks:
        port = stacks._store.server_port  # type: ignore[union-attr]
        with pytest.raises(LabError, match="WRONGPASS") as failure:
            store_probe.probe(port, "hunter2", CALLS, 1.0)
        assert "hunter2" not in str(failure.value)
        assert secrets.store_password not in str(failure.value)


def test_one_that_takes_the_connection_and_keeps_silent_is_told_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(LabError, match="can't be probed: timed out"):
            store_probe.probe(port, "hunter2", CALLS, 0.1)


def test_no_calls_are_no_probe() -> None:
    with pytest.raises(ValueError, match="at least one call"):
        store_probe.probe(1, "hunter2", 0, 1.0)
