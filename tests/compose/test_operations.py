"""What the lab does to containers: crash, stop, stall, scale; limits; and a short measurement through it all."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from authlab.host.machine import pinning
from authlab.host.processes import Guardian
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.model.errors import LabError
from authlab.model.session_store import PERSISTENCES, Persistence
from authlab.stack.access_log import read_access_log
from authlab.stack.compose import operations
from authlab.stack.secrets import Secrets
from authlab.store.recording import read_recording
from tests.compose.conftest import StandUp
from tests.contract.client import Client
from tests.standing import People

pytestmark = pytest.mark.stack

WITHIN_S = 20.0


def until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> float:
    """Wait for it; how long it took, in seconds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + within_s, f"{what} did not happen within {within_s} s"
        time.sleep(0.02)
    return time.monotonic() - begun


def serving(url: str, rounds: int = 12) -> Counter[str]:
    """Who answers how often."""
    return Counter(Client(url).get("/healthz").headers.get("x-worker", "nobody") for _ in range(rounds))


def test_workers_come_and_go_while_it_runs_and_sticky_clients_stay(stand_up: StandUp, people: People) -> None:
    with stand_up("sticky", workers=2) as stacks:
        stack = stacks.stacks["sticky"]
        client = Client(stack.url)
        home = client.log_in(*people[0]).worker
        stack.scale(4)
        assert set(serving(stack.url)) == {f"worker-{n}" for n in range(1, 5)}
        assert [worker.name for worker in stack.workers] == [f"worker-{n}" for n in range(1, 5)]
        assert [(a.status, a.worker) for a in (client.get("/me") for _ in range(4))] == [(200, home)] * 4
        stack.scale(2)
        until(lambda: set(serving(stack.url)) == {"worker-1", "worker-2"}, "the proxy forgetting the stopped workers")
        assert [(a.status, a.worker) for a in (client.get("/me") for _ in range(4))] == [(200, home)] * 4
        assert stacks.troubles() == [], "what was asked for is no trouble"
        assert [usage.part for usage in stack.usage()] == ["proxy", "worker-1", "worker-2"]


def test_a_crashed_worker_is_brought_back_and_a_stopped_one_is_not(stand_up: StandUp, people: People) -> None:
    with stand_up("jwt", workers=2) as stacks:
        stack = stacks.stacks["jwt"]
        client = Client(stack.url)
        client.log_in(*people[0])
        stack.crash("worker-1")
        assert {client.get("/me").status for _ in range(10)} == {200}, "the proxy passes over the dead worker"
        took = until(lambda: "worker-1" in serving(stack.url, 4), "the crashed worker's return")
        assert took < 10, took  # 1.3 s on an idle machine
        before = {usage.part: usage.cpu_ns for usage in stack.usage()}

        begun = time.monotonic()
        stack.stop("worker-2")
        assert time.monotonic() - begun < 10
        until(lambda: set(serving(stack.url)) == {"worker-1"}, "the proxy forgetting the stopped worker")
        assert {usage.part: usage.rss_bytes for usage in stack.usage()}["worker-2"] == 0
        stack.start_again("worker-2")
        assert set(serving(stack.url)) == {"worker-1", "worker-2"}
        after = {usage.part: usage.cpu_ns for usage in stack.usage()}
        assert all(after[part] >= before[part] for part in after), "an account never falls"
        assert stacks.troubles() == []
        stack.stop("worker-2")
        with pytest.raises(LabError, match="does not run"):
            stack.crash("worker-2")


def test_a_paused_worker_stalls_and_keeps_its_sessions(stand_up: StandUp, people: People) -> None:
    with stand_up("sticky", workers=2, read_timeout_s=0.5) as stacks:
        stack = stacks.stacks["sticky"]
        client = Client(stack.url)
        home = client.log_in(*people[0]).worker
        stack.pause(home)
        kept = client.at(stack.url)
        answer = client.get("/me")  # after the proxy's time-out another worker is asked, which knows nobody
        assert (answer.status, answer.reason) == (401, "unknown_session")
        stack.resume(home)
        assert (kept.get("/me").status, kept.get("/me").worker) == (200, home)
        assert stacks.troubles() == []


@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_a_restarted_store_keeps_sessions_only_if_told_to(
    stand_up: StandUp, people: People, persistence: Persistence
) -> None:
    with stand_up("redis", workers=2, persistence=persistence) as stacks:
        stack = stacks.stacks["redis"]
        client = Client(stack.url)
        client.log_in(*people[0])
        until(lambda: client.get("/me").status == 200, "a log-in", 5)
        time.sleep(1.1 if persistence == "everysec" else 0)  # its file is flushed every second
        stack.stop("store")
        answer = client.get("/me")
        assert (answer.status, answer.reason) == (503, "store_unavailable"), "no log-out because the store is away"
        assert answer.headers["retry-after"]
        stack.start_again("store")
        # both workers find out by themselves
        until(lambda: all(client.get("/me").status != 503 for _ in range(2)), "the store's return")
        assert client.get("/me").status == (401 if persistence == "none" else 200)
        assert Client(stack.url).log_in(*people[0]).status == 200


@pytest.mark.parametrize("by_us", [True, False], ids=["by us", "by a container, where we may not"])
def test_a_crashed_store_comes_back_by_itself(
    stand_up: StandUp, people: People, by_us: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_us:
        monkeypatch.setattr(operations, "_is_here", lambda _pid, _container: False)
    with stand_up("redis", workers=1) as stacks:
        stack = stacks.stacks["redis"]
        Client(stack.url).log_in(*people[0])
        stack.crash("store")
        assert stacks.troubles() == []
        until(lambda: Client(stack.url).log_in(*people[0]).status == 200, "a log-in after the store's crash")


def test_each_worker_is_held_to_its_share_of_a_cpu(stand_up: StandUp) -> None:
    with stand_up("none", workers=1, worker_cpus=0.25, cpus=[0]) as stacks:
        stack = stacks.stacks["none"]
        for part, container in stack.parts.items():
            container.reload()
            limits = container.attrs["HostConfig"]
            assert limits["CpusetCpus"] == "0"
            assert (limits["CpuQuota"] == 25_000) == (part == "worker-1")
        burn = "import time\nend = time.time() + 3\nwhile time.time() < end: pass"
        before = {usage.part: usage.cpu_ns for usage in stack.usage()}["worker-1"]
        stack.parts["worker-1"].exec_run(["python", "-c", burn])
        used = {usage.part: usage.cpu_ns for usage in stack.usage()}["worker-1"] - before
        assert used < 0.25 * 3e9 * 1.4, f"{used / 1e9:.2f} s of CPU in 3 s"


def test_settings_reach_the_workers(stand_up: StandUp, people: People) -> None:
    with stand_up("jwt", workers=1, settings={"AUTHLAB_TOKEN_TTL_S": "77"}) as stacks:
        assert Client(stacks.stacks["jwt"].url).log_in(*people[0]).json["expires_in"] == 77


def test_a_worker_that_cannot_start_is_a_diagnosis(stand_up: StandUp) -> None:
    with (
        pytest.raises(LabError, match=r"worker-1 of none exited with status 78(?s:.*)_THREADS is 'many'") as caught,
        stand_up("none", workers=1, settings={"AUTHLAB_THREADS": "many"}),
    ):
        pass
    log = Path(str(caught.value).rpartition("Full log: ")[2].strip())
    assert "AUTHLAB_THREADS" in log.read_text()


def test_a_port_in_use_is_told(stand_up: StandUp) -> None:
    with stand_up("none", workers=1) as stacks:
        port = int(stacks.stacks["none"].url.rpartition(":")[2])
        with pytest.raises(LabError, match=f"port {port} on 127.0.0.1 is in use"), stand_up("none", port=port):
            pass


def test_the_lab_measures_a_stack_of_containers(
    stand_up: StandUp, guardian: Guardian, secrets: Secrets, tmp_path: Path
) -> None:
    with stand_up("redis", workers=3, cpus=pinning().stack or None) as stacks:
        stack = stacks.stacks["redis"]
        plan = LoadPlan(seed=1, users=5, windows=(Window(0, 0, 3_000_000_000, 60.0, 7),))
        load = LoadProcess(
            guardian,
            "redis",
            url=stack.url,
            plan=plan,
            recording=tmp_path / "recording",
            credentials=secrets.credentials,
            runtime=tmp_path / "load",
            log=tmp_path / "locust.log",
        )
        load.start()
        load.wait_ready(60)
        before = {usage.part: usage.cpu_ns for usage in stack.usage()}
        load.go(time.monotonic_ns())
        load.wait(30)
        used: dict[str, Any] = {usage.part: usage.cpu_ns - before[usage.part] for usage in stack.usage()}
        samples = read_recording(tmp_path / "recording").samples.filter(pl.col("window") >= 0)
        assert 100 < samples.height < 260
        assert set(samples["outcome"]) == {"ok"}
        assert set(samples["worker"]) == {"worker-1", "worker-2", "worker-3"}
        per_request = {part: value / samples.height for part, value in used.items()}
        assert all(10_000 < value < 5_000_000 for value in per_request.values()), json.dumps(per_request)
        assert stacks.troubles() == []
        stacks.down()
        logged = {line.request_id for line in read_access_log(stack.access_log)}
        assert set(samples["request_id"]) <= logged
