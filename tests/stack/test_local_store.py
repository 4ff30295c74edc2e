"""What may be done to a local store: stopped, killed, started again, paused, emptied, and linked."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from authlab.host.ports import free_port
from authlab.host.processes import Guardian
from authlab.model.errors import LabError
from authlab.model.session_store import PERSISTENCES, Persistence
from authlab.stack.bring_up import bring_down, bring_up
from authlab.stack.local_context import LocalContext
from authlab.stack.local_store import LocalStore
from authlab.stack.programs import find_store_server
from authlab.stack.secrets import Secrets

pytestmark = pytest.mark.stack

NewStore = Callable[..., AbstractContextManager[LocalStore]]


@pytest.fixture
def standing(guardian: Guardian, tmp_path: Path, secrets: Secrets) -> NewStore:
    """`with standing(persistence=…, linked=…) as store:` – up for as long as the block."""

    @contextmanager
    def stand(*, persistence: Persistence = "none", linked: bool = False) -> Iterator[LocalStore]:
        nginx = SimpleNamespace()  # a store alone needs none
        context = LocalContext(guardian, nginx, secrets, tmp_path / "runtime", 1.0, {}, free_port)  # type: ignore[arg-type]
        store = LocalStore(context, find_store_server(), tmp_path / "store.log", persistence=persistence, linked=linked)
        bring_up([store], 30)
        try:
            yield store
        finally:
            bring_down([store])

    return stand


@pytest.fixture
def ask(secrets: Secrets) -> Callable[[int, str], bytes]:
    """Put one inline command to a port; the first line of the answer."""

    def ask(port: int, command: str) -> bytes:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(f"AUTH {secrets.store_password}\r\n{command}\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                received = connection.recv(4096)
                assert received, "closed"
                answer += received
        return answer.split(b"\r\n")[1]

    return ask


Ask = Callable[[int, str], bytes]


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_what_was_stored_is_there_again_only_with_an_append_only_file(
    standing: NewStore, ask: Ask, persistence: Persistence, kill: bool
) -> None:
    with standing(persistence=persistence) as store:
        port = store.port
        assert ask(port, "SET key value") == b"+OK"
        if persistence == "everysec" and kill:
            time.sleep(1.1)  # while its file is being flushed, a write to it may be put off
        (part,) = store.parts
        gone = store.stop(kill=kill)
        assert (gone.part, gone.pid) == ("store", part.process.pid)
        assert 0 < gone.after_s < 8
        assert part.process.poll() == (-9 if kill else 0)
        assert part.troubles() == [], "its end was wanted"
        with pytest.raises(LabError, match="it can't be stopped"):
            store.stop(kill=kill)
        with pytest.raises(ConnectionRefusedError):
            ask(port, "PING")
        before = part.usage().cpu_ns
        store.start_again(30)
        assert ask(port, "EXISTS key") == (b":0" if persistence == "none" else b":1")
        assert store.port == port
        assert store.parts == [part]
        assert part.usage().cpu_ns >= before, "an account never falls"
        assert part.troubles() == []
        with pytest.raises(LabError, match="it can't be started again"):
            store.start_again(30)


def test_it_is_emptied_and_says_how_much_that_was(standing: NewStore, ask: Ask) -> None:
    with standing() as store:
        for number in range(7):
            ask(store.port, f"SET key-{number} x")
        assert store.flush() == 7
        assert ask(store.port, "DBSIZE") == b":0"
        assert store.flush() == 0
        store.stop(kill=True)
        with pytest.raises(LabError, match="can't be emptied"):
            store.flush()


def test_paused_it_keeps_silent_and_then_goes_on(standing: NewStore, ask: Ask) -> None:
    with standing() as store:
        (part,) = store.parts
        assert store.pause() == part.process.pid
        with pytest.raises(LabError, match=r"did not answer within 0.3 s \(.*timed out"):
            store.wait_serving(0.3)
        store.resume()
        assert store.wait_serving(10) < 10
        store.resume()  # harmless
        assert ask(store.port, "PING") == b"+PONG"
        assert part.troubles() == []
        store.pause()  # and it can be brought down as it is


def test_waiting_for_one_that_is_dead_tells_its_end(standing: NewStore) -> None:
    with standing() as store:
        store.stop(kill=True)
        begun = time.monotonic()
        with pytest.raises(LabError, match=r"the store did not answer within 0.2 s(?s:.*)killed"):
            store.wait_serving(0.2)
        assert time.monotonic() - begun < 3


def test_an_end_that_nobody_asked_for_is_a_trouble(standing: NewStore) -> None:
    with standing(linked=True) as store:
        for part in store.parts:
            part.process.kill()
            assert part.troubles()


def test_with_a_link_the_workers_port_is_the_links(standing: NewStore, ask: Ask) -> None:
    with standing(linked=True) as store:
        assert [part.name for part in store.parts] == ["store", "link"]
        assert store.port != store.server_port
        assert store.link is not None
        before = store.link.round_trip_ms()
        store.link.delay(20)
        assert 20 < store.link.round_trip_ms() < 20 + before + 50  # others run beside us
        assert store.wait_serving(10) < 10
        store.link.delay(0)
        store.link.cut(True)
        with pytest.raises(ConnectionRefusedError):
            ask(store.port, "PING")
        assert ask(store.server_port, "PING") == b"+PONG"
        store.link.cut(False)
        assert ask(store.port, "PING") == b"+PONG"
        store.link.stall(True)  # and it can be brought down as it is
    assert store.link is None
    assert (store.port, store.server_port, store.parts) == (0, 0, [])


def test_without_one_there_is_no_link(standing: NewStore) -> None:
    with standing() as store:
        assert store.link is None
        assert store.port == store.server_port
        assert [part.name for part in store.parts] == ["store"]
    with pytest.raises(LabError, match="is down"):
        store.flush()
