"""The session store's configuration, and whether it lets in only who knows the password."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from authlab.host.ports import free_port
from authlab.host.processes import Guardian
from authlab.model.session_store import Persistence
from authlab.stack import store_server
from authlab.stack.programs import find_store_server
from authlab.stack.store_server import prepare, why_not_ready


def conf(folder: Path) -> list[str]:
    return (folder / "redis.conf").read_text().splitlines()


def test_the_configuration_holds_the_password_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    prepare(tmp_path / "store", port=7000, password="hunter2")
    assert "requirepass hunter2" in conf(tmp_path / "store")
    assert "bind 127.0.0.1" in conf(tmp_path / "store")
    assert stat.S_IMODE((tmp_path / "store" / "redis.conf").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("persistence", "says"),
    [
        ("none", ["appendonly no"]),
        ("everysec", ["appendonly yes", "appendfsync everysec"]),
        ("always", ["appendonly yes", "appendfsync always"]),
    ],
)
def test_data_outlives_the_server_only_if_asked_for(tmp_path: Path, persistence: Persistence, says: list[str]) -> None:
    prepare(tmp_path, port=7000, password="x", persistence=persistence)
    assert [line for line in conf(tmp_path) if line.startswith("append")] == says
    assert 'save ""' in conf(tmp_path)


def test_a_session_is_never_dropped_to_make_room(tmp_path: Path) -> None:
    prepare(tmp_path, port=7000, password="x")
    assert "maxmemory-policy noeviction" in conf(tmp_path)


@pytest.mark.stack
def test_only_the_password_opens_a_running_store(guardian: Guardian, tmp_path: Path) -> None:
    with free_port() as port:
        assert "refused" in (why_not_ready(port.number, "hunter2", 1) or "")
        prepare(tmp_path / "store", port=port.number, password="hunter2")
        process = store_server.start(guardian, find_store_server(), tmp_path / "store", tmp_path / "store.log")
        deadline = time.monotonic() + 20
        while (why := why_not_ready(port.number, "hunter2", 1)) and time.monotonic() < deadline:
            assert process.poll() is None, process.obituary()
            time.sleep(0.02)
        assert why is None
        assert "WRONGPASS" in (why_not_ready(port.number, "hunter3", 1) or "")
