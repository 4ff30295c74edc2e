"""Routing by a hash, of the client's address or of a key that it has before it logs in: what binds, what breaks it."""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from web_client import Answer, Browser

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK, free_port
from authlab.host.processes import Guardian
from authlab.stack import nginx
from authlab.stack.local import LocalStacks
from authlab.stack.local_stack import LocalStack
from authlab.stack.programs import find_nginx
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack

KEYED = ("hash", "consistent-hash")
HASHED = ("ip-hash", *KEYED)
KEY = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def stacks(stand_up: StandUp) -> Iterator[LocalStacks]:
    """All three, three workers each."""
    with stand_up(*HASHED, workers=3) as standing:
        yield standing


@pytest.fixture(params=KEYED)
def keyed(request: pytest.FixtureRequest, stacks: LocalStacks) -> LocalStack:
    """Routing by a key, modulo and on a ring."""
    return stacks.stacks[request.param]


def client_of(stack: LocalStack, number: int) -> Browser:
    """One of many clients, each with an address in a network of its own and without a key."""
    return Browser(stack.url, headers={"X-Forwarded-For": f"10.{number // 256}.{number % 256}.1"})


def worker_of(stack: LocalStack, key: str) -> str:
    return Browser(stack.url, cookies={cookie_of(stack): key}).get("/healthz").worker


def cookie_of(stack: LocalStack) -> str:
    return nginx.routing_cookie(stack.instance)


@pytest.mark.parametrize("mode", HASHED)
def test_clients_spread_over_the_workers_and_each_stays_from_its_log_in_on(
    stacks: LocalStacks, secrets: Secrets, mode: str
) -> None:
    stack = stacks.stacks[mode]
    homes: Counter[str] = Counter()
    for number in range(40):
        client = client_of(stack, number)
        home = client.log_in(secrets).worker
        homes[home] += 1
        for path in ("/me", "/some/deep/path", "/cart"):
            assert client.get(path).worker == home
        assert client.get("/me").status == 200
    assert len(homes) == 3
    assert max(homes.values()) < 32, homes


def test_addresses_of_one_network_have_one_worker_and_so_have_all_that_give_none(stacks: LocalStacks) -> None:
    stack = stacks.stacks["ip-hash"]
    for network in ("10.0.1", "10.0.2", "192.0.2"):
        said = [Browser(stack.url).get("/healthz", X_Forwarded_For=f"{network}.{host}") for host in (1, 77, 254)]
        assert len({answer.worker for answer in said}) == 1
    for nothing in ("", "no address", "300.1.1.1"):
        answers = [Browser(stack.url).get("/healthz", X_Forwarded_For=nothing) for _ in range(6)]
        assert len({answer.worker for answer in [*answers, Browser(stack.url).get("/healthz")]}) == 1


def test_the_loads_users_spread_over_the_workers_as_clients_do_that_are_no_neighbours(
    stacks: LocalStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(content_root() / "loadtests"))
    address_of = importlib.import_module("lab_load.address").address_of
    url = stacks.stacks["ip-hash"].url
    given = [address_of(1, number)["X-Forwarded-For"] for number in range(50)]
    assert given == [address_of(1, number)["X-Forwarded-For"] for number in range(50)], "equal seeds, equal addresses"
    homes = Counter(Browser(url).get("/healthz", X_Forwarded_For=address).worker for address in given)
    assert len(homes) == 3
    assert max(homes.values()) < 40, homes


def test_the_last_address_counts_for_whoever_is_before_it_may_be_invented(stacks: LocalStacks) -> None:
    stack = stacks.stacks["ip-hash"]
    for number in range(6):
        alone = client_of(stack, number).get("/healthz").worker
        chain = f"203.0.113.{number}, 10.0.{number}.1"
        assert Browser(stack.url).get("/healthz", X_Forwarded_For=chain).worker == alone


def key_given(answer: Answer) -> str | None:
    """The key in the answer's cookie."""
    line = answer.headers.get("set-cookie", "")
    name, _, rest = line.partition("=")
    if not name.startswith(nginx.ROUTING_COOKIE):
        return None
    value, *attributes = (piece.strip() for piece in rest.split(";"))
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Lax"}
    return value


def key_of(stack: LocalStack, secrets: Secrets, client: Browser) -> str:
    """The key that this client's log-in gives, which has already routed the log-in."""
    home = client.log_in(secrets).worker
    key = client.cookies[cookie_of(stack)]
    assert worker_of(stack, key) == home
    return key


def test_the_log_in_gives_a_key_which_has_already_routed_it(keyed: LocalStack, secrets: Secrets) -> None:
    client = Browser(keyed.url, headers={"X-Request-ID": "mine"})
    key = key_of(keyed, secrets, client)
    answer = client.get("/me")
    assert key_given(answer) is None, "it has one"
    assert answer.headers["x-request-id"] == "mine", "the server's own header is still there"
    assert key_of(keyed, secrets, client) == key, "a later log-in keeps it"
    assert key_of(keyed, secrets, Browser(keyed.url)) != key


@pytest.mark.parametrize("path", ["/", "/healthz", "/me", "/some/deep/path", "/me%zz"])
def test_no_other_answer_gives_one(keyed: LocalStack, path: str) -> None:
    answer = Browser(keyed.url).get(path)
    assert key_given(answer) is None
    assert answer.headers["x-request-id"]
    wrong = Browser(keyed.url).post("/login", {"username": "nobody", "password": "wrong"})
    assert (wrong.status, key_given(wrong)) == (401, None)


def test_a_key_of_the_right_form_is_taken_as_it_is(keyed: LocalStack) -> None:
    client = Browser(keyed.url, cookies={cookie_of(keyed): KEY})
    answers = [client.get("/healthz") for _ in range(6)]
    assert len({answer.worker for answer in answers}) == 1
    assert {key_given(answer) for answer in answers} == {None}


@pytest.mark.parametrize("junk", ["", "x", KEY.upper(), KEY[:-1], KEY + "0", f"{KEY}%0a", "x" * 6000, "{}"])
def test_junk_is_no_key_and_is_replaced(keyed: LocalStack, secrets: Secrets, junk: str) -> None:
    client = Browser(keyed.url, cookies={cookie_of(keyed): junk})
    assert len(key_of(keyed, secrets, client)) == 32
    # and it binds nobody: else all who send the same would share a worker
    others = {Browser(keyed.url, cookies={cookie_of(keyed): junk}).get("/healthz").worker for _ in range(24)}
    assert len(others) == 3


@pytest.mark.parametrize("mode", HASHED)
def test_who_is_active_all_the_time_is_logged_out_twice_by_one_dead_worker(
    stand_up: StandUp, secrets: Secrets, mode: str
) -> None:
    with stand_up(mode, workers=3) as standing:
        stack = standing.stacks[mode]
        bound, other = client_of(stack, 0), client_of(stack, 1)
        home = bound.log_in(secrets).worker
        for number in range(1, 200):
            other = client_of(stack, number)
            if other.log_in(secrets).worker != home:
                break

        stack.stop(home, kill=True)
        failed_over = bound.get("/me")
        assert (failed_over.status, failed_over.json["reason"]) == (401, "unknown_session")
        substitute = bound.log_in(secrets).worker
        assert substitute == failed_over.worker != home, "the key is the same, and so is who stands in"
        assert {(bound.get("/me").status, bound.get("/me").worker) for _ in range(4)} == {(200, substitute)}

        stack.start_again(home)
        failed_back = bound.get("/me")
        assert (failed_back.status, failed_back.worker) == (401, home)
        assert bound.log_in(secrets).worker == home
        assert bound.get("/me").status == 200
        assert other.get("/me").status == 200, "who was bound elsewhere never noticed"


def test_one_worker_more_moves_most_keys_by_modulo_and_few_on_a_ring(stand_up: StandUp) -> None:
    keys = [f"{number:032x}" for number in range(0, 2**120, 2**120 // 160)]
    moved = {}
    with stand_up(*KEYED, workers=3) as standing:
        for mode, stack in standing.stacks.items():
            before = {key: worker_of(stack, key) for key in keys}
            stack.scale(4)
            after = {key: worker_of(stack, key) for key in keys}
            moved[mode] = sum(after[key] != before[key] for key in keys) / len(keys)
            if mode == "consistent-hash":
                assert {after[key] for key in keys if after[key] != before[key]} <= {"worker-4"}
    assert 0.6 < moved["hash"] < 0.9, moved  # 3/4
    assert 0.1 < moved["consistent-hash"] < 0.45, moved  # 1/4, as even as the ring is


class _Echo(BaseHTTPRequestHandler):
    """Answers with the X-Forwarded-For that it was sent."""

    def do_GET(self) -> None:
        body = json.dumps(self.headers.get_all("X-Forwarded-For")).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a worker that shows what it is sent."""
    with ThreadingHTTPServer((LOOPBACK, 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("routing", ["round-robin", "ip-hash"])
def test_a_worker_is_told_the_clients_address_and_who_connected(
    guardian: Guardian, tmp_path: Path, echo: int, routing: str
) -> None:
    port = free_port()
    folder = tmp_path / "proxy"
    nginx.prepare(
        folder, routing=routing, port=port.number, workers=[echo], read_timeout_s=5, log=tmp_path / "access.log"
    )
    port.release()
    nginx.start(guardian, find_nginx(), "the proxy", folder, tmp_path / "nginx.log")
    url = f"http://{LOOPBACK}:{port.number}"
    deadline = time.monotonic() + 10
    while True:
        try:
            assert Browser(url).get("/").json == [LOOPBACK]
            break
        except OSError:
            assert time.monotonic() < deadline, (tmp_path / "nginx.log").read_text()
            time.sleep(0.02)
    told = Browser(url).get("/", X_Forwarded_For="203.0.113.9, 10.0.7.1").json
    assert told == [f"203.0.113.9, 10.0.7.1, {LOOPBACK}"]
