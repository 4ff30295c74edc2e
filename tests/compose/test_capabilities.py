"""What may be done to a stack of containers: each capability, against a real engine."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from authlab.model.errors import LabError
from authlab.stack import capabilities as can
from authlab.stack.compose import ComposeStacks
from authlab.stack.compose.engine import Engine
from authlab.stack.compose.meter import Meter
from authlab.stack.compose.operable import OperableComposeStack
from authlab.stack.secrets import Secrets
from tests.compose.conftest import StandUp
from tests.compose.test_files import read
from tests.compose.test_operations import until
from tests.contract.client import Client
from tests.standing import People

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def linked(stand_up: StandUp) -> Iterator[ComposeStacks]:
    """Sessions in a Redis that keeps its data, behind a link. Tests put back what they change."""
    with stand_up("redis", workers=1, linked=True, persistence="everysec") as stacks:
        yield stacks
        assert stacks.troubles() == [], "what was asked for is no trouble"


@pytest.fixture(scope="module")
def sticky_stacks(stand_up: StandUp) -> Iterator[ComposeStacks]:
    """Sticky sessions on two workers. Tests put back what they change."""
    with stand_up("sticky", workers=2, linked=True) as stacks:
        yield stacks
        assert stacks.troubles() == [], "what was asked for is no trouble"


@pytest.fixture
def redis(linked: ComposeStacks) -> OperableComposeStack:
    return linked.stacks["redis"]


@pytest.fixture
def sticky(sticky_stacks: ComposeStacks) -> OperableComposeStack:
    return sticky_stacks.stacks["sticky"]


def answered_by(url: str, rounds: int = 12) -> Counter[str]:
    """Who answers new clients, how often."""
    return Counter(Client(url).get("/healthz").headers.get("x-worker", "nobody") for _ in range(rounds))


def homed(url: str, people: People, worker: str) -> Client:
    """A client that is logged in and bound to that worker."""
    for _ in range(20):
        client = Client(url)
        if client.log_in(*people[0]).worker == worker:
            return client
    raise AssertionError(f"nobody got to {worker}")


def test_a_stack_of_containers_can_do_everything(sticky: OperableComposeStack) -> None:
    kinds = (can.Serving, can.Crashing, can.Stopping, can.Pausing, can.Scaling, can.Draining, can.Flushing, can.Giving)
    assert [kind.__name__ for kind in (*kinds, can.Probing, can.Linked) if not isinstance(sticky, kind)] == []


class TestDraining:
    def test_bound_clients_stay_and_new_ones_go_elsewhere(self, sticky: OperableComposeStack, people: People) -> None:
        bound = homed(sticky.url, people, "worker-1")
        sticky.drain("worker-1")
        assert set(answered_by(sticky.url)) == {"worker-2"}
        assert [(a.status, a.worker) for a in (bound.get("/me") for _ in range(4))] == [(200, "worker-1")] * 4
        sticky.undrain("worker-1")
        assert set(answered_by(sticky.url)) == {"worker-1", "worker-2"}
        assert (bound.get("/me").status, bound.get("/me").worker) == (200, "worker-1")
        sticky.undrain("worker-1")  # harmless

    def test_a_worker_is_drained_restarted_and_taken_back_without_a_failure(self, sticky: OperableComposeStack) -> None:
        over, seen = threading.Event(), Counter[int]()

        def visit() -> None:
            while not over.is_set():
                seen[Client(sticky.url).get("/healthz").status] += 1

        visitor = threading.Thread(target=visit)
        visitor.start()
        try:
            sticky.drain("worker-2")
            sticky.stop("worker-2")
            sticky.start_again("worker-2")
            assert set(answered_by(sticky.url)) == {"worker-1"}, "it is still drained"
            sticky.undrain("worker-2")
        finally:
            over.set()
            visitor.join()
        assert set(answered_by(sticky.url)) == {"worker-1", "worker-2"}
        assert set(seen) == {200}, seen

    def test_the_number_of_workers_changes_while_one_is_drained(self, sticky: OperableComposeStack) -> None:
        sticky.drain("worker-1")
        sticky.scale(3)
        assert set(answered_by(sticky.url)) == {"worker-2", "worker-3"}
        sticky.scale(2)
        assert set(answered_by(sticky.url)) == {"worker-2"}
        sticky.undrain("worker-1")
        assert set(answered_by(sticky.url)) == {"worker-1", "worker-2"}

    def test_what_crashed_is_found_again_though_the_proxy_goes_by_addresses(self, sticky: OperableComposeStack) -> None:
        sticky.drain("worker-1")
        sticky.undrain("worker-1")
        gone = sticky.crash("worker-1")
        assert gone.part == "worker-1"
        assert 0 < gone.after_s < 10
        assert gone.pid > 0
        assert sticky.wait_serving("worker-1", 20) < 20
        until(lambda: "worker-1" in answered_by(sticky.url, 4), "the crashed worker's return")

    def test_a_worker_that_is_not_there_is_told(self, sticky: OperableComposeStack) -> None:
        with pytest.raises(LabError, match="has no part 'worker-9'; it has proxy, worker-1, worker-2"):
            sticky.drain("worker-9")


@pytest.mark.parametrize("kill", [False, True], ids=["gracefully", "by SIGKILL"])
def test_what_is_stopped_stays_so_until_it_is_started(sticky: OperableComposeStack, kill: bool) -> None:
    gone = sticky.stop("worker-2", kill=kill)
    assert (gone.part, gone.pid > 0) == ("worker-2", True)
    with pytest.raises(LabError, match="does not run"):
        sticky.stop("worker-2")
    with pytest.raises(LabError, match=r"worker-2 of sticky did not answer within 2.5 s"):
        sticky.wait_serving("worker-2", 2.5)  # longer than the restart policy takes
    sticky.start_again("worker-2")
    assert set(answered_by(sticky.url)) == {"worker-1", "worker-2"}
    with pytest.raises(LabError, match="it can't be started again"):
        sticky.start_again("worker-2")


def test_a_paused_part_does_not_serve_and_a_resumed_one_does(sticky: OperableComposeStack) -> None:
    assert sticky.pause("worker-1") > 0
    with pytest.raises(LabError, match="did not answer"):
        sticky.wait_serving("worker-1", 0.2)
    sticky.resume("worker-1")
    sticky.resume("worker-1")  # harmless where it goes on
    assert sticky.wait_serving("worker-1", 10) < 10


@pytest.mark.parametrize("by_us", [True, False], ids=["by its address", "from inside"])
def test_it_is_told_who_serves(redis: OperableComposeStack, by_us: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not by_us:  # as on Docker Desktop
        monkeypatch.setattr(Meter, "is_local", False)
    for part in ("worker-1", "store", "proxy", "link"):
        assert redis.wait_serving(part, 10) < 10
    redis.pause("store")
    with pytest.raises(LabError, match=r"store of redis did not answer within 0\.2 s"):
        redis.wait_serving("store", 0.2)
    redis.resume("store")


@pytest.mark.parametrize(("service", "part"), [("worker", "worker-1"), ("proxy", "proxy"), ("redis", "store")])
def test_the_health_check_of_the_compose_files_finds_it_well(
    redis: OperableComposeStack, engine: Engine, service: str, part: str
) -> None:
    how, *command = read(engine, "redis")["services"][service]["healthcheck"]["test"]
    done = redis.parts[part].exec_run(["sh", "-c", *command] if how == "CMD-SHELL" else command)
    assert done.exit_code == 0, done.output


def test_a_flushed_store_has_forgotten_everybody(redis: OperableComposeStack, people: People) -> None:
    redis.flush_store()
    client = Client(redis.url)
    client.log_in(*people[0])
    assert client.get("/me").status == 200
    assert redis.flush_store() >= 1
    assert (client.get("/me").status, client.get("/me").reason) == (401, "unknown_session")
    assert redis.flush_store() == 0


def test_a_read_of_a_session_takes_time_and_is_written_down(redis: OperableComposeStack) -> None:
    probe = redis.probe_store(50)
    assert len(probe.calls_us) == 50
    assert min(probe.calls_us) > 0
    assert probe.aof_bytes_per_call is not None
    assert 30 < probe.aof_bytes_per_call < 200


def test_where_the_stores_address_is_not_reached_it_is_told(
    redis: OperableComposeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meter, "is_local", property(lambda _: False))
    with pytest.raises(LabError, match="where the engine runs"):
        redis.probe_store(50)


def test_the_stores_password_is_in_no_command_that_empties_it(
    redis: OperableComposeStack, engine: Engine, secrets: Secrets
) -> None:
    begun = int(time.time())
    redis.flush_store()
    told = str(list(engine.client.events(since=begun, until=int(time.time()) + 1, decode=True)))
    assert "redis-cli" in told
    assert secrets.store_password not in told


def test_a_killed_store_with_an_append_only_file_knows_everybody_again(
    redis: OperableComposeStack, people: People
) -> None:
    client = Client(redis.url)
    client.log_in(*people[0])
    until(lambda: client.get("/me").status == 200, "a log-in", 5)
    time.sleep(1.1)  # while its file is being flushed, a write to it may be put off
    redis.stop("store", kill=True)
    assert client.get("/me").status == 503
    redis.start_again("store")
    until(lambda: client.get("/me").status != 503, "the store's return")
    assert client.get("/me").status == 200


def test_what_is_given_counts_from_the_next_start(redis: OperableComposeStack) -> None:
    redis.give("clock.json", {"worker-1": 4.5})
    worker = redis.parts["worker-1"]
    shown = worker.exec_run(["cat", "/run/authlab/service/clock.json"]).output
    assert json.loads(shown) == {"worker-1": 4.5}
    mode = worker.exec_run(["stat", "-c", "%a %u", "/run/authlab/service/clock.json"]).output.split()
    assert mode == [b"600", b"10001"]
    redis.give("clock.json", {})


class TestLink:
    def test_every_request_waits_as_long_as_the_link_holds_it(
        self, redis: OperableComposeStack, people: People
    ) -> None:
        client = Client(redis.url)
        client.log_in(*people[0])
        link = redis.link
        assert link is not None
        before = link.round_trip_ms()
        link.delay(60)
        try:
            assert 60 < link.round_trip_ms() < 60 + before + 30
            begun = time.monotonic()
            assert client.get("/me").status == 200
            assert time.monotonic() - begun > 0.06, "it went through the link"
        finally:
            link.delay(0)
        assert link.round_trip_ms() < 60

    def test_a_cut_takes_the_store_away_and_back(self, redis: OperableComposeStack, people: People) -> None:
        client = Client(redis.url)
        client.log_in(*people[0])
        link = redis.link
        assert link is not None
        link.cut(True)
        try:
            assert (client.get("/me").status, client.get("/me").reason) == (503, "store_unavailable")
        finally:
            link.cut(False)
        until(lambda: client.get("/me").status == 200, "the store's return")

    def test_a_stall_is_an_outage_that_nobody_is_told_of(self, redis: OperableComposeStack, people: People) -> None:
        client = Client(redis.url)
        client.log_in(*people[0])
        link = redis.link
        assert link is not None
        link.stall(True)
        try:
            begun = time.monotonic()
            assert client.get("/me").status == 503
            assert time.monotonic() - begun > 0.15, "only the service's own time-out ended it"
        finally:
            link.stall(False)
        until(lambda: client.get("/me").status == 200, "the store's return")

    def test_it_finds_the_store_again_and_is_itself_brought_back(
        self, redis: OperableComposeStack, people: People
    ) -> None:
        redis.stop("store")
        redis.start_again("store")
        assert redis.link is not None
        assert redis.link.round_trip_ms() > 0
        redis.crash("link")
        redis.wait_serving("link", 20)
        until(lambda: Client(redis.url).log_in(*people[0]).status == 200, "a log-in through the link")

    def test_it_is_a_part_like_the_others(self, redis: OperableComposeStack) -> None:
        assert [usage.part for usage in redis.usage()] == ["proxy", "worker-1", "store", "link"]
        assert all(usage.rss_bytes > 0 for usage in redis.usage())

    def test_where_there_is_no_store_there_is_none(self, sticky: OperableComposeStack) -> None:
        assert sticky.link is None
        with pytest.raises(LabError, match="has no part 'store'"):
            sticky.flush_store()


def test_it_comes_down_with_everything_paused_drained_and_stalled_and_up_again_as_new(
    stand_up: StandUp, people: People
) -> None:
    with stand_up("redis", workers=2, linked=True) as stacks:
        stack = stacks.stacks["redis"]
        assert stack.link is not None
        stack.scale(3)
        stack.drain("worker-1")
        stack.link.stall(True)
        for part in stack.parts:
            stack.pause(part)
        client = stacks._engine.client
        label = stacks._owner.label
        stacks.down()
        assert stack.parts == {}
        assert stack.link is None
        for kind in (client.containers, client.networks, client.volumes):
            assert (
                kind.list(
                    filters={"label": f"authlab.lab={label}"}, **({"all": True} if kind is client.containers else {})
                )
                == []
            )
        stacks.up(90)
        assert set(answered_by(stack.url)) == {"worker-1", "worker-2"}
        assert Client(stack.url).log_in(*people[0]).status == 200
