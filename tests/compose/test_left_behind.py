"""What an ended lab leaves on the engine: nothing, or what the next one clears away; and nobody else loses anything."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from authlab.stack.compose.engine import Engine
from authlab.stack.compose.ownership import LABEL, Ownership, clear_abandoned, remove_owned

pytestmark = pytest.mark.stack

WITHIN_S = 60.0
IMAGE = "redis:8"


def owned(engine: Engine, folder: Path) -> list[str]:
    """The containers, networks and volumes of the lab whose private folder is in `folder`."""
    client, found = engine.client, []
    for thing in client.containers.list(all=True, ignore_removed=True, filters={"label": LABEL}):
        if str(folder) in thing.labels[LABEL]:
            found.append(thing.name)
    for thing in [*client.networks.list(filters={"label": LABEL}), *client.volumes.list(filters={"label": LABEL})]:
        if str(folder) in thing.attrs["Labels"][LABEL]:
            found.append(thing.name)
    return sorted(found)


@contextmanager
def driver(folder: Path, word: str) -> Iterator[subprocess.Popen[str]]:
    """The driver, once it has said `word`; killed if the test leaves it running."""
    with (folder / "driver.log").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("driver.py")), str(folder)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        while (said := process.stdout.readline().strip()) != word:
            assert said, (folder / "driver.log").read_text()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.mark.parametrize("after_s", [0.5, 2.0, None])
def test_ctrl_c_leaves_no_container_network_or_volume(engine: Engine, tmp_path: Path, after_s: float | None) -> None:
    with driver(tmp_path, "up" if after_s is None else "starting") as process:
        time.sleep(after_s or 0)
        assert after_s is not None or owned(engine, tmp_path)
        process.send_signal(signal.SIGINT)
        process.wait(WITHIN_S)
        assert owned(engine, tmp_path) == []


def test_a_lab_that_lives_is_left_alone_and_a_killed_one_is_cleared_away(engine: Engine, tmp_path: Path) -> None:
    with driver(tmp_path, "up") as process:
        before = owned(engine, tmp_path)
        assert len(before) >= 6, before  # proxy, worker, store, keys; networks; volumes
        assert not set(clear_abandoned(engine.client)) & set(before)
        assert owned(engine, tmp_path) == before

        process.kill()
        process.wait(WITHIN_S)
        deadline = time.monotonic() + WITHIN_S
        while (tmp_path / "private").exists() and time.monotonic() < deadline:
            time.sleep(0.05)  # the guardian ends what it ran, and takes the lock's folder away
        assert owned(engine, tmp_path), "containers outlive the lab; that is what the next one is for"
        assert set(before) <= set(clear_abandoned(engine.client))
        assert owned(engine, tmp_path) == []


@pytest.fixture
def strangers(engine: Engine) -> Iterator[list[Any]]:
    """A container, a network and a volume that are not the lab's, with names that look like it."""
    client = engine.client
    made = [
        client.containers.create(IMAGE, ["sleep", "1"], name="authlab-stranger", entrypoint=[]),
        client.networks.create("authlab-stranger_front", labels={"com.docker.compose.project": "authlab-stranger"}),
        client.volumes.create("authlab-stranger_keys", labels={"com.docker.compose.project": "authlab-stranger"}),
    ]
    yield made
    for thing in made:
        thing.remove()


def test_what_is_not_the_labs_is_never_touched(engine: Engine, strangers: list[Any], tmp_path: Path) -> None:
    """Nor is what a lab on another machine made, on an engine that both use."""
    far = engine.client.volumes.create("authlab-far", labels={LABEL: "another-machine:/tmp/lab.lock"})
    owner = Ownership(tmp_path / "lab.lock")
    try:
        engine.client.volumes.create("authlab-mine", labels={LABEL: owner.label})
        assert remove_owned(engine.client, owner.label) == ["authlab-mine"]
        clear_abandoned(engine.client)
        for thing in (*strangers, far):
            thing.reload()  # raises if it is gone
    finally:
        owner.release()
        far.remove()


def test_a_lock_is_free_as_soon_as_its_lab_is_gone(engine: Engine, tmp_path: Path) -> None:
    owner = Ownership(tmp_path / "lab.lock")
    engine.client.volumes.create("authlab-marked", labels={LABEL: owner.label})
    assert "authlab-marked" not in clear_abandoned(engine.client)
    owner.release()
    assert "authlab-marked" in clear_abandoned(engine.client)
