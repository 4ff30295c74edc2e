"""What every stack must do, whatever it is made of. Inherited by a class per kind of stack, which says how a worker of
it crashes; its module has the fixtures `stand_up`, and `stacks`: MODES on three workers, up for all tests."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from tests.contract.client import Client

from authlab.stack.access_log import read_access_log
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[Any]]

MODES = ("sticky", "redis")
NAMES = ["worker-1", "worker-2", "worker-3"]


class StackSuite:
    """Two modes, one without and one with a store. The tests leave `stacks` as it is."""

    def crash(self, stack: Any, worker: str) -> None:
        """End a worker as a crash would, without the stack being told."""
        raise NotImplementedError

    @pytest.fixture
    def user(self, secrets: Secrets) -> tuple[str, str]:
        """Somebody who can log in."""
        first = json.loads(secrets.credentials.read_text())["users"][0]
        return first["username"], first["password"]

    @pytest.mark.parametrize("mode", MODES)
    def test_it_has_what_the_protocol_says(self, stacks: Any, mode: str) -> None:
        stack: Stack = stacks.stacks[mode]
        assert stack.mode.name == mode
        assert stack.url.startswith("http://127.0.0.1:")
        assert [worker.name for worker in stack.workers] == NAMES
        assert stack.troubles() == stacks.troubles() == []

    def test_each_worker_answers_at_its_own_address_by_its_own_name(self, stacks: Any) -> None:
        for worker in stacks.stacks["redis"].workers:
            assert Client(worker.url).get("/healthz").json == {"status": "ok", "worker": worker.name}

    def test_the_proxy_takes_them_in_turn(self, stacks: Any) -> None:
        answered_by = Counter(Client(stacks.stacks["redis"].url).get("/healthz").worker for _ in range(12))
        assert answered_by == dict.fromkeys(NAMES, 4)

    def test_the_store_serves_all_workers(self, stacks: Any, user: tuple[str, str]) -> None:
        client = Client(stacks.stacks["redis"].url)
        assert client.log_in(*user).status == 200
        answers = [client.get("/me") for _ in range(6)]
        assert {answer.status for answer in answers} == {200}
        assert {answer.worker for answer in answers} == set(NAMES)

    def test_a_sticky_client_stays_with_its_worker(self, stacks: Any, user: tuple[str, str]) -> None:
        client = Client(stacks.stacks["sticky"].url)
        home = client.log_in(*user).worker
        assert [(a.status, a.worker) for a in (client.get(path) for path in ("/me", "/cart") * 4)] == [(200, home)] * 8

    def test_usage_names_every_part_and_its_cpu_time_only_grows(self, stacks: Any) -> None:
        stack: Stack = stacks.stacks["redis"]
        before = {usage.part: usage for usage in stack.usage()}
        assert sorted(before) == sorted(["proxy", *NAMES, "store"])
        for _ in range(60):
            Client(stack.url).get("/me")
        after = {usage.part: usage for usage in stack.usage()}
        assert all(after[part].cpu_ns > before[part].cpu_ns for part in ("proxy", *NAMES))
        assert all(1_000_000 < usage.rss_bytes < 1_000_000_000 for usage in after.values())
        assert {usage.part for usage in stacks.stacks["sticky"].usage()} == {"proxy", *NAMES}

    def test_usage_is_cheap_enough_for_every_slice(self, stacks: Any) -> None:
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            stacks.stacks["redis"].usage()
            took.append(time.perf_counter() - begun)
        assert min(took) < 0.01, took  # 0.0003 s for processes, 0.0006 s for containers

    def test_the_versions_of_what_serves_are_told(self, stacks: Any) -> None:
        versions = stacks.versions()
        assert versions["nginx"].split()[0].count(".") == 2
        assert versions["redis"].split()[0] in ("Redis", "Valkey")

    def test_going_down_twice_and_up_again_works(self, stand_up: StandUp) -> None:
        with stand_up("none", workers=2) as stacks:
            address = stacks.stacks["none"].url
            assert Client(address).get("/healthz", {"X-Request-ID": "asked-before"}).status == 200
            with pytest.raises(RuntimeError, match="up already"):
                stacks.up(60)
            stacks.down()
            stacks.down()
            with pytest.raises(OSError, match="refused"):
                Client(address).get("/healthz")
            with pytest.raises(RuntimeError, match="not up"):
                _ = stacks.stacks["none"].url
            assert list(stacks.stacks["none"].workers) == []
            assert stacks.troubles() == []
            assert stacks.stacks["none"].usage() == []
            log = stacks.stacks["none"].access_log
            assert "asked-before" in {line.request_id for line in read_access_log(log)}
            stacks.up(60)
            assert Client(stacks.stacks["none"].url).get("/healthz").status == 200

    def test_a_crash_is_told_with_the_name_of_the_worker(self, stand_up: StandUp, user: tuple[str, str]) -> None:
        with stand_up("sticky", workers=2) as stacks:
            stack = stacks.stacks["sticky"]
            client = Client(stack.url)
            home = client.log_in(*user).worker
            used = {usage.part: usage.cpu_ns for usage in stack.usage()}[home]
            self.crash(stack, home)
            deadline = time.monotonic() + 20
            while not stacks.troubles() and time.monotonic() < deadline:
                time.sleep(0.02)
            (trouble,) = stacks.troubles()
            assert f"{home} of sticky was killed by SIGKILL" in trouble
            assert "Full log: " in trouble
            assert client.get("/me").status == 401, "the session is gone with the worker"
            assert {usage.part: usage.cpu_ns for usage in stack.usage()}[home] >= used

    def test_two_labs_side_by_side_do_not_meet(self, stand_up: StandUp, user: tuple[str, str]) -> None:
        with stand_up("redis", workers=1) as ours, stand_up("redis", workers=1) as theirs:
            client = Client(ours.stacks["redis"].url)
            assert client.log_in(*user).status == 200
            assert client.get("/me").status == 200
            stranger = client.at(theirs.stacks["redis"].url)
            mine, other = (url.rpartition(":")[2] for url in (client.url, stranger.url))  # a part of the cookie's name
            stranger.cookies = {name.replace(mine, other): value for name, value in client.cookies.items()}
            assert stranger.get("/me").reason == "unknown_session"
