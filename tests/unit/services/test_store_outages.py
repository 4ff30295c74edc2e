"""A real worker under load whose real store is stopped, stands still, or is restarted."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from authlab.host.ports import free_port
from authlab.host.processes import Guardian, Process
from authlab.stack import store_server
from authlab.stack.programs import find_store_server
from authlab.stack.secrets import Secrets
from tests.standing import People
from tests.unit.services.real_worker import Gunicorn, gunicorn

pytestmark = pytest.mark.stack

THREADS = 8
ANSWER_S = 0.6
BACK_S = 1.0
SLACK_S = 0.15
"""For a busy machine: what lies between a thread that was woken and one that runs."""
PAUSE_S = 0.01


@dataclass(frozen=True)
class Answer:
    """What one request got, and when (seconds of `time.monotonic`)."""

    sent: float
    done: float
    path: str
    status: int
    reason: str
    retry_after: str | None

    @property
    def says_away(self) -> bool:
        return (self.status, self.reason, self.retry_after) == (503, "store_unavailable", "1")


@dataclass
class Crowd:
    """Eight users, each in a thread with a kept connection, who ask one thing after another."""

    worker: Gunicorn
    people: People
    answers: list[Answer] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Crowd:
        self.threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(THREADS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(10)

    def _ask(self, number: int) -> None:
        try:
            self._go_on(number)
        except Exception as error:  # noqa: BLE001 - a thread's end must not go unnoticed
            self.broken.append(f"{type(error).__name__}: {error}")

    def _go_on(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.worker.port, timeout=5)
        user, password = self.people[number % len(self.people)]
        log_in = json.dumps({"username": user, "password": password})
        cookie = ""
        calls = [("POST", "/login", log_in)]
        usual = [("GET", "/me", None), ("GET", "/cart", None), ("POST", "/cart/items", '{"item": "i1"}')] * 10 + calls
        while not self.over.is_set():
            for method, path, body in usual if cookie else calls:
                headers = {"Cookie": cookie} | ({"Content-Type": "application/json"} if body else {})
                sent = time.monotonic()
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                told = json.loads(answer.read())
                done = time.monotonic()
                if path == "/login" and answer.status == 200:
                    cookie = answer.getheader("Set-Cookie", "").split(";", 1)[0]
                retry_after = answer.getheader("Retry-After")
                self.answers.append(Answer(sent, done, path, answer.status, told.get("reason", ""), retry_after))
                if self.over.wait(PAUSE_S):
                    break
        connection.close()


class Store:
    """A store that keeps an append-only file, on one port whatever becomes of it."""

    def __init__(self, guardian: Guardian, folder: Path, password: str) -> None:
        port = free_port()
        port.release()
        self.port = port.number
        self._guardian, self._folder, self._password = guardian, folder, password
        store_server.prepare(folder / "store", port=self.port, password=password, persistence="everysec")
        self.process: Process = self.start()

    def start(self) -> Process:
        """Start it; returns once it answers."""
        self.process = store_server.start(
            self._guardian, find_store_server(), self._folder / "store", self._folder / "store.log"
        )
        deadline = time.monotonic() + 20
        while why := store_server.why_not_ready(self.port, self._password, 1):
            assert time.monotonic() < deadline, why
            time.sleep(0.005)
        return self.process

    def kill(self) -> None:
        self.process.signal(signal.SIGKILL)
        assert self.process.wait(5) is not None


@pytest.fixture
def store(tmp_path: Path, secrets: Secrets) -> Iterator[Store]:
    with Guardian() as guardian:
        yield Store(guardian, tmp_path, secrets.store_password)


@pytest.fixture
def crowd(tmp_path: Path, secrets: Secrets, store: Store, people: People) -> Iterator[Crowd]:
    more = {"AUTHLAB_STATE": "redis", "AUTHLAB_REDIS_PORT": str(store.port)}
    with gunicorn(tmp_path, secrets, **more) as worker:
        worker.names(1)
        with Crowd(worker, people) as asking:
            time.sleep(1.0)
            yield asking


def stop(store: Store) -> float:
    store.kill()
    time.sleep(1.5)
    store.start()
    return time.monotonic()


def stand_still(store: Store) -> float:
    store.process.signal(signal.SIGSTOP)
    time.sleep(1.5)
    store.process.signal(signal.SIGCONT)
    return time.monotonic()


def restart(store: Store) -> float:
    store.kill()
    store.start()
    return time.monotonic()


@pytest.mark.parametrize("fault", [stop, stand_still, restart])
def test_a_store_that_is_away_is_a_quick_503_and_all_is_well_within_a_second(
    fault: Callable[[Store], float], crowd: Crowd, store: Store, tmp_path: Path
) -> None:
    began = time.monotonic()
    back = fault(store)
    time.sleep(BACK_S + 1.0)
    crowd.over.set()
    for thread in crowd.threads:
        thread.join(10)
    seen = SimpleNamespace(
        before=[a for a in crowd.answers if a.done < began],
        away=[a for a in crowd.answers if began <= a.done and a.sent <= back],
        after=[a for a in crowd.answers if a.sent > back + BACK_S],
    )
    failed = [a for a in crowd.answers if a.status != 200]
    assert not crowd.broken, "each request gets an answer, on a connection that stays"
    assert {a.status for a in seen.before} == {200}
    assert {a.path for a in seen.before} == {"/me", "/cart", "/cart/items", "/login"}
    assert failed or fault is restart, "the fault was felt"
    assert [a for a in failed if not a.says_away] == [], "no 401, no 500, and it says when to come back"
    slowest = max(a.done - a.sent for a in crowd.answers)
    assert slowest < ANSWER_S + SLACK_S, f"{slowest * 1000:.0f} ms"
    assert len(seen.after) > 50
    assert {a.status for a in seen.after} == {200}
    said = (tmp_path / "worker-1.log").read_text()
    assert "Traceback" not in said
    assert said.count("is away") >= 1 or fault is restart
