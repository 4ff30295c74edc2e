"""What is lost with a worker, with the store, and between writers: in every mode, as its traits say."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest

from authlab.model.modes import MODES, Mode
from authlab.stack.local import LocalStacks
from authlab.stack.local_stack import LocalStack
from tests.contract.client import Client
from tests.standing import People

pytestmark = pytest.mark.stack


STORE_ANSWER_S = 0.7
"""How long a request may take while the store is away: 600 ms in the service, and the way there and back."""


@pytest.fixture(params=list(MODES))
def stack(request: pytest.FixtureRequest, standing: LocalStacks) -> LocalStack:
    """Each mode in turn."""
    return standing.stacks[request.param]


@pytest.fixture
def mode(stack: LocalStack) -> Mode:
    """The stack's mode."""
    return stack.mode


def address_of(stack: LocalStack, worker: str) -> str:
    """A worker's own address."""
    return next(info.url for info in stack.workers if info.name == worker)


@pytest.fixture
def home(stack: LocalStack, people: People) -> Client:
    """Somebody logged in, at the worker that did the log-in."""
    client = Client(stack.url)
    return client.at(address_of(stack, client.log_in(*people[0]).worker))


def test_additions_in_parallel_all_count_where_the_server_keeps_the_cart(mode: Mode, home: Client) -> None:
    """Where the client keeps it, each starts from what it was given, and only the last one's answer counts."""

    def add(number: int) -> dict[str, int]:
        cart: dict[str, int] = home.at(home.url).add(f"i{number}").json["cart"]
        return cart

    home.add("first")
    with ThreadPoolExecutor(6) as pool:
        carts = list(pool.map(add, range(12)))
    everything = {"first": 1} | {f"i{number}": 1 for number in range(12)}
    if mode.loses_updates:
        assert home.get("/cart").json["cart"].items() <= everything.items()  # which ones it loses is chance
    elif mode.keeps_sessions:
        assert home.get("/cart").json["cart"] == everything
    else:
        assert carts == [{"first": 1, f"i{number}": 1} for number in range(12)]


@pytest.mark.parametrize(
    "name", [m.name for m in MODES.values() if m.keeps_sessions and m.needs_store and not m.loses_updates]
)
def test_additions_through_several_workers_all_count_in_a_shared_store(
    standing: LocalStacks, people: People, name: str
) -> None:
    stack = standing.stacks[name]
    client = Client(stack.url)
    client.log_in(*people[0])
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: client.at(stack.url).add("i1"), range(60)))
    assert {answer.worker for answer in answers} == {worker.name for worker in stack.workers}
    assert sorted(answer.json["cart"]["i1"] for answer in answers) == list(range(1, 61))


def test_a_credential_too_long_for_a_header_is_no_5xx(stack: LocalStack) -> None:
    """Proxy and gunicorn refuse before the service sees it, in their own words."""
    for length in (7_000, 8_100, 20_000, 60_000):
        names = {mode.cookie for mode in MODES.values() if mode.cookie}
        cookies = [{"Cookie": f"{name}={'a' * length}"} for name in names]
        for headers in ({"Authorization": "Bearer " + "a" * length}, *cookies):
            assert 400 <= Client(stack.url, headers=headers).get("/me").status < 500


def test_a_worker_that_dies_takes_along_what_it_kept(mode: Mode, stack: LocalStack, home: Client) -> None:
    assert home.get("/me").status == 200
    _kill_what_serves(stack, home.get("/healthz").worker)
    _wait_for(home)
    answer = home.get("/me")
    if mode.traits.survives_worker_loss:
        assert answer.status == 200
    else:
        assert (answer.status, answer.reason) == (401, "unknown_session")


def test_a_store_that_is_away_is_a_503_and_logs_nobody_out(mode: Mode, home: Client, standing: LocalStacks) -> None:
    with _paused_store(standing):
        for path in ("/me", "/cart", "/me"):
            begin = time.monotonic()
            answer = home.get(path)
            took_ms = (time.monotonic() - begin) * 1000
            if mode.traits.survives_store_loss:
                assert answer.status == 200
            else:
                assert (answer.status, answer.reason) == (503, "store_unavailable")
                assert answer.headers["retry-after"] == "1"
            assert took_ms < STORE_ANSWER_S * 1000
        assert home.get("/healthz").status == 200, "a worker is not unwell because the store is"
    deadline = time.monotonic() + 5
    while home.get("/me").status != 200:
        assert time.monotonic() < deadline, "it did not come back by itself"
        time.sleep(0.05)


def _kill_what_serves(stack: LocalStack, worker: str) -> None:
    part = next(part for part in stack.parts if part.name == worker)
    children = psutil.Process(part.process.pid).children()
    for child in children:
        child.kill()
    psutil.wait_procs(children, timeout=5)


def _wait_for(client: Client) -> None:
    """Until gunicorn has replaced the process."""
    deadline = time.monotonic() + 10
    while True:
        try:
            if client.get("/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.02)
        assert time.monotonic() < deadline, "the worker did not come back"


@contextmanager
def _paused_store(standing: LocalStacks) -> Iterator[None]:
    store = standing._store
    assert store is not None
    (part,) = store.parts
    part.process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        part.process.signal(signal.SIGCONT)
