"""The primary is demoted, its replica takes over under the same address: a moment of 503, and then all is well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from authlab.host.ports import free_port
from authlab.host.processes import Guardian
from authlab.stack import store_server
from authlab.stack.programs import find_store_server
from authlab.stack.secrets import Secrets
from tests.unit.services.conftest import close_connections
from tests.unit.services.declared import DECLARED, SESSIONS
from tests.unit.services.gate import Gate
from tests.unit.services.service import Service, reason

pytestmark = pytest.mark.stack

WITHIN_S = 15.0
"""A deadline for a busy machine, not a measurement."""

STATES = [state for state in SESSIONS if DECLARED[state].needs_store]


class Pair:
    """A primary and its replica behind one address. `fail_over` swaps them; open connections stay where they are."""

    def __init__(self, nodes: list[redis.Redis], ports: list[int], gate: Gate) -> None:
        self.nodes, self.ports, self.gate = nodes, ports, gate
        for node in nodes:
            node.config_set("repl-diskless-sync-delay", 0)
        self.follow(1, 0)

    def follow(self, replica: int, primary: int) -> None:
        """Make one the replica of the other, and wait until it has all data."""
        self.nodes[replica].replicaof("127.0.0.1", str(self.ports[primary]))
        until(lambda: self.nodes[replica].info("replication")["master_link_status"] == "up", "the replica")

    def fail_over(self) -> None:
        """Promote the replica, then demote the primary, which serves on as a replica."""
        until(lambda: self.nodes[0].wait(1, 100) == 1, "the replica has everything")
        self.nodes[1].replicaof("NO", "ONE")
        self.gate.behind = self.ports[1]
        self.follow(0, 1)


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@contextmanager
def node(guardian: Guardian, folder: Path, password: str) -> Iterator[tuple[redis.Redis, int]]:
    with free_port() as port:
        number = port.number
    store_server.prepare(folder, port=number, password=password)
    store_server.start(guardian, find_store_server(), folder, folder / "log")
    until(lambda: store_server.why_not_ready(number, password, 1) is None, "a store that answers")
    with redis.Redis(port=number, password=password) as client:
        client.config_set("masterauth", password)
        yield client, number


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> Iterator[list[tuple[redis.Redis, int]]]:
    """Two stores for the tests of this file."""
    folder = tmp_path_factory.mktemp("pair")
    with (
        Guardian() as guardian,
        node(guardian, folder / "a", secrets.store_password) as first,
        node(guardian, folder / "b", secrets.store_password) as second,
    ):
        yield [first, second]


@pytest.fixture
def pair(nodes: list[tuple[redis.Redis, int]]) -> Iterator[Pair]:
    """A fresh primary and its replica."""
    nodes[0][0].replicaof("NO", "ONE")
    gate = Gate(nodes[0][1])
    yield Pair([client for client, _ in nodes], [port for _, port in nodes], gate)
    gate.close()
    close_connections()


@pytest.mark.parametrize("state", STATES)
def test_after_a_fail_over_every_kind_of_call_reaches_the_new_primary_and_nobody_is_logged_out(
    make_service: Callable[..., Service], pair: Pair, state: str
) -> None:
    service = make_service(state, AUTHLAB_REDIS_PORT=str(pair.gate.port), AUTHLAB_STORE_TIMEOUT_S="5")
    credential = service.log_in()

    def add(_: int = 0) -> int:
        answer = service.post("/cart/items", {"item": "i1"}, credential)
        assert answer.status_code == 200 or reason(answer) == (503, "store_unavailable")
        return answer.status_code

    def read(_: int = 0) -> int:
        answer = service.get("/me", credential)
        assert answer.status_code == 200 or reason(answer) == (503, "store_unavailable")
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:  # several connections of each kind lead to the node that will be demoted
        assert {*pool.map(read, range(40)), *pool.map(add, range(40))} == {200}
    before = service.get("/cart", credential).json
    pair.fail_over()
    until(lambda: add() == 200, "additions are stored again")
    with ThreadPoolExecutor(8) as pool:
        until(lambda: {*pool.map(read, range(16)), *pool.map(add, range(16))} == {200}, "all connections are good")
        assert {*pool.map(read, range(40)), *pool.map(add, range(40))} == {200}
    after = service.get("/cart", credential).json
    assert before is not None
    assert after is not None
    if not DECLARED[state].loses_updates:
        assert after["cart"]["i1"] >= before["cart"]["i1"] + 57
    assert service.post("/login", service.users[1], credential).status_code == 200
    assert pair.nodes[1].info("replication")["role"] == "master"


@pytest.mark.parametrize("state", STATES)
def test_a_log_out_after_a_fail_over_ends_the_session_on_the_new_primary(
    make_service: Callable[..., Service], pair: Pair, state: str
) -> None:
    service = make_service(state, AUTHLAB_REDIS_PORT=str(pair.gate.port), AUTHLAB_STORE_TIMEOUT_S="5")
    credential = service.log_in()
    pair.fail_over()
    until(lambda: service.post("/logout", None, credential).status_code == 204, "the log-out")
    until(lambda: reason(service.get("/me", credential)) == (401, "unknown_session"), "it is logged out everywhere")
