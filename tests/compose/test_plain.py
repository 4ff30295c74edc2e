"""The user's own way in: plain `docker compose` with the files as they are, no lab."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from authlab.host.content import content_root
from authlab.host.ports import free_port
from authlab.stack.compose.engine import Engine
from authlab.stack.compose.images import content_tag
from authlab.stack.compose.operations import crash
from authlab.store.recording import read_recording
from tests.contract.client import Client

pytestmark = pytest.mark.stack

WITHIN_S = 60.0
SOMEBODY = 12345
"""A user id that nobody here has."""


class Project:
    """One compose file under a project name of its own, with the variables of its user."""

    def __init__(self, engine: Engine, mode: str, folder: Path, **variables: str) -> None:
        self.engine = engine
        self.folder = folder
        self.name = f"authlab-test-{os.getpid()}-{mode}"
        with free_port() as proxy, free_port() as page:
            self.url = f"http://127.0.0.1:{proxy.number}"
            self.page = page.number
            ports = {"AUTHLAB_PORT": str(proxy.number), "AUTHLAB_LOAD_PORT": str(page.number)}
        # the images that other tests have built already, so that `--build` finds all layers
        self._environment = {**engine.environment, **ports, "AUTHLAB_TAG": content_tag(), **variables}
        self._file = content_root() / "compose" / f"{mode}.yml"

    def __call__(self, *arguments: str, said: str | None = None) -> str:
        """`docker compose -f FILE …`, with `said` as its input; fails the test with what it said if it fails."""
        command = [*self.engine.compose, "-p", self.name, "-f", str(self._file), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def containers(self, service: str | None = None) -> list[Any]:
        """Its containers, running or not."""
        labels = [f"com.docker.compose.project={self.name}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        found = self.engine.client.containers.list(all=True, ignore_removed=True, filters={"label": labels})
        return sorted(found, key=lambda container: str(container.name))

    def left(self) -> list[str]:
        """Everything of it that is on the engine."""
        filters = {"label": f"com.docker.compose.project={self.name}"}
        client = self.engine.client
        things = [*self.containers(), *client.networks.list(filters=filters), *client.volumes.list(filters=filters)]
        return [thing.name for thing in things]


@contextmanager
def project(engine: Engine, mode: str, folder: Path, **variables: str) -> Iterator[Project]:
    """A project that is down again afterwards, with nothing left."""
    compose = Project(engine, mode, folder, **variables)
    try:
        yield compose
    finally:
        begun = time.monotonic()
        compose("--profile", "load", "--profile", "link", "down", "--volumes")
        took = time.monotonic() - begun
    assert compose.left() == []
    assert took < 15, took  # 1.6 s; every container's own limit is below ten


@pytest.fixture(scope="module")
def redis(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The mode with the most parts, brought up with as many workers as it has by itself."""
    with project(engine, "redis", tmp_path_factory.mktemp("redis")) as compose:
        compose("up", "--detach", "--build")
        until(lambda: workers(compose.url) == {"worker-1", "worker-2", "worker-3"}, "the workers' answers")
        yield compose


def workers(url: str) -> set[str]:
    """Who answers through the proxy; "" is the proxy itself."""
    try:
        return {Client(url).get("/healthz").headers.get("x-worker", "") for _ in range(12)}
    except OSError:
        return set()


def until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> float:
    """Wait for it; how long it took, in seconds."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + within_s, f"{what} did not come within {within_s} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def credentials(compose: Project) -> list[dict[str, str]]:
    """Fetched in the way that compose/common.yml tells."""
    compose("cp", "keys:/run/authlab/load/credentials.json", ".")
    users: list[dict[str, str]] = json.loads((compose.folder / "credentials.json").read_text())["users"]
    return users


def logged_in(compose: Project) -> Client:
    user = credentials(compose)[0]
    client = Client(compose.url)
    assert client.log_in(user["username"], user["password"]).status == 200
    return client


def test_the_users_that_the_keys_service_made_can_log_in(redis: Project) -> None:
    assert len(credentials(redis)) == 50
    client = logged_in(redis)
    assert Counter(client.get("/me").status for _ in range(6)) == {200: 6}


def test_workers_are_added_and_taken_away_while_it_runs(redis: Project) -> None:
    client = logged_in(redis)
    redis("up", "--detach", "--no-recreate", "--scale", "worker=5")
    until(lambda: workers(redis.url) == {f"worker-{n}" for n in range(1, 6)}, "the new workers")
    assert {client.get("/me").status for _ in range(10)} == {200}
    redis("up", "--detach", "--no-recreate", "--scale", "worker=3")
    until(lambda: workers(redis.url) == {f"worker-{n}" for n in range(1, 4)}, "the end of the last workers")
    # Until nginx has dropped the addresses (about a second) a request that waits for one of them at the moment of
    # the change is answered 502 by nginx itself; after it, none is.
    until(lambda: {client.get("/me").status for _ in range(10)} == {200}, "a proxy that knows they are gone", 5)
    assert {client.get("/me").status for _ in range(30)} == {200}


def test_a_crashed_worker_is_back_soon_and_no_session_is_lost(redis: Project) -> None:
    client = logged_in(redis)
    victim = redis.containers("worker")[0]
    crash(victim)
    assert {client.get("/me").status for _ in range(10)} == {200}
    until(lambda: workers(redis.url) == {"worker-1", "worker-2", "worker-3"}, "the crashed worker", 20)
    victim.reload()
    assert victim.attrs["RestartCount"] == 1


def test_a_restarted_redis_is_found_again(redis: Project) -> None:
    client = logged_in(redis)
    redis("stop", "redis")
    answer = client.get("/me")
    assert (answer.status, answer.reason) == (503, "store_unavailable")
    redis("start", "redis")
    # each of the three workers finds out by itself
    until(lambda: all(client.get("/me").status != 503 for _ in range(3)), "the store", 20)
    assert client.get("/me").reason == "unknown_session", "it keeps nothing unless told to"
    assert logged_in(redis).get("/me").status == 200


def test_coming_up_again_keeps_users_and_keys(redis: Project) -> None:
    before = credentials(redis)
    redis("restart", "keys")
    redis("up", "--detach", "--no-recreate")
    assert credentials(redis) == before


def inside(container: Any, *command: str) -> tuple[int, str]:
    """What a command in a container says."""
    code, said = container.exec_run(list(command))
    return code, said.decode(errors="replace")


def test_nobody_is_root_nothing_can_be_written_and_no_capability_is_left(redis: Project) -> None:
    for container in redis.containers():
        if container.status != "running":
            continue
        code, said = inside(container, "sh", "-c", "id -u; grep -E '^(CapEff|NoNewPrivs)' /proc/1/status")
        assert code == 0, said
        uid, caps, privileges = said.split("\n")[:3]
        assert int(uid) > 0, container.name
        assert int(caps.split()[1], 16) == 0, container.name
        assert privileges.split()[1] == "1", container.name
        for place in ("/etc/authlab-was-here", "/app/x", "/usr/x"):
            code, said = inside(container, "sh", "-c", f"echo x > {place}")
            assert code != 0, container.name
            assert "Read-only" in said or "nonexistent" in said, said


def test_the_keys_cannot_be_changed_by_those_who_read_them(redis: Project) -> None:
    worker = redis.containers("worker")[0]
    assert inside(worker, "cat", "/run/authlab/service/jwt.json")[0] == 0
    code, said = inside(worker, "sh", "-c", "echo x > /run/authlab/service/jwt.json")
    assert code != 0
    assert "Read-only" in said
    (proxy,) = redis.containers("proxy")
    assert inside(proxy, "ls", "/run/authlab")[0] != 0


def test_the_proxy_cannot_reach_the_store(redis: Project) -> None:
    (store,) = redis.containers("redis")
    networks = store.attrs["NetworkSettings"]["Networks"]
    address = networks[f"{redis.name}_store"]["IPAddress"]
    (proxy,) = redis.containers("proxy")
    worker = redis.containers("worker")[0]

    def connected_after_s(port: str) -> float:
        options = ("--silent", "--max-time", "1", "--output", "/dev/null", "--write-out", "%{time_connect}")
        return float(inside(proxy, "curl", *options, f"telnet://{port}")[1])

    assert connected_after_s("worker:8000") > 0
    assert connected_after_s(f"{address}:6379") == 0
    ask = f"import socket; socket.create_connection(('{address}', 6379), 1)"
    assert inside(worker, "python", "-c", ask)[0] == 0


def test_no_secret_is_in_an_environment_a_process_list_a_log_or_an_image(redis: Project) -> None:
    users = credentials(redis)
    worker = redis.containers("worker")[0]
    secrets = [user["password"] for user in users]
    secrets += json.loads(inside(worker, "cat", "/run/authlab/service/users.json")[1]).values()
    secrets.append(json.loads(inside(worker, "cat", "/run/authlab/service/redis.json")[1])["password"])
    secrets.append(json.loads(inside(worker, "cat", "/run/authlab/service/jwt.json")[1])["keys"][0]["k"])
    seen = {"logs": redis("logs")}
    for container in redis.containers():
        seen[f"{container.name} as inspected"] = json.dumps(container.attrs)
        if container.status == "running":
            seen[f"processes of {container.name}"] = json.dumps(container.top())
    image = redis.engine.client.images.get(worker.attrs["Config"]["Image"])
    seen["history of the image"] = json.dumps(image.history())
    empty = redis.engine.client.containers.run(image.id, ["find", "/run/authlab", "-type", "f"], remove=True)
    assert empty == b"", "the image itself holds no key"
    for place, text in seen.items():
        assert not [secret for secret in secrets if secret in text], place


def test_limits_hold_and_a_graceful_stop_is_quick(engine: Engine, tmp_path: Path) -> None:
    with project(engine, "none", tmp_path, AUTHLAB_WORKERS="1", AUTHLAB_WORKER_MEMORY="128m") as compose:
        compose("up", "--detach", "--build")
        until(lambda: workers(compose.url) == {"worker-1"}, "the worker's answer")
        (worker,) = compose.containers("worker")
        assert worker.attrs["HostConfig"]["Memory"] == 128 * 1024**2
        kept = http.client.HTTPConnection("127.0.0.1", int(compose.url.rpartition(":")[2]), timeout=10)
        kept.request("GET", "/healthz")  # an idle connection that the client keeps must not hold it up
        kept.getresponse().read()
        for service in ("worker", "proxy"):
            begun = time.monotonic()
            compose("stop", service)
            assert time.monotonic() - begun < 10, service
            (container,) = compose.containers(service)
            assert container.attrs["State"]["ExitCode"] == 0, "ended by itself, not by SIGKILL"
        kept.close()


def test_a_link_in_front_of_redis_does_what_it_is_told(engine: Engine, tmp_path: Path) -> None:
    with project(engine, "redis", tmp_path, AUTHLAB_REDIS_HOST="link", AUTHLAB_WORKERS="1") as compose:
        compose("--profile", "link", "up", "--detach", "--build")

        def tell(**wish: object) -> dict[str, Any]:
            command = ("python", "-I", "/etc/authlab/link.py", "--tell", "127.0.0.1:6380")
            state: dict[str, Any] = json.loads(compose("exec", "-T", "link", *command, said=f"{json.dumps(wish)}\n"))
            return state

        until(lambda: workers(compose.url) == {"worker-1"}, "the worker's answer")
        client = logged_in(compose)
        assert tell(delay_ms=40)["delay_ms"] == 40
        begun = time.monotonic()
        assert client.get("/me").status == 200
        assert time.monotonic() - begun > 0.04
        assert tell(delay_ms=0, cut=True)["cut"]
        assert client.get("/me").status == 503
        assert not tell(cut=False)["cut"]
        until(lambda: client.get("/me").status == 200, "the store's return")


def stays_with_one_worker_by_cookies_of_its_own(compose: Project) -> None:
    """Browsers send cookies to every port of a host: two projects must not use the same names."""
    port = compose.url.rpartition(":")[2]
    client = logged_in(compose)
    assert set(client.cookies) == {f"authlab_session_{port}", f"authlab_route_{port}"}
    answers = [client.get("/me") for _ in range(6)]
    assert {(answer.status, answer.worker) for answer in answers} == {(200, answers[0].worker)}


def test_a_ring_of_containers_is_told_the_name_of_its_cookie(engine: Engine, tmp_path: Path) -> None:
    with project(engine, "consistent-hash", tmp_path, AUTHLAB_WORKERS="2") as compose:
        compose("up", "--detach", "--build")
        until(lambda: workers(compose.url) == {"worker-1", "worker-2"}, "the workers' answers")
        stays_with_one_worker_by_cookies_of_its_own(compose)


def test_locust_in_containers_loads_the_proxy_and_leaves_a_recording_of_the_users_own(
    engine: Engine, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    os.chown(results, SOMEBODY, SOMEBODY)
    variables = {
        "AUTHLAB_UID": str(SOMEBODY),
        "AUTHLAB_GID": str(SOMEBODY),
        "AUTHLAB_RESULTS": str(results),
        "AUTHLAB_RATE": "60",
        "AUTHLAB_USERS": "10",
    }
    with project(engine, "sticky", tmp_path, **variables) as compose:
        compose("--profile", "load", "up", "--detach", "--build", "--scale", "worker=2", "--scale", "load-worker=2")
        until(lambda: workers(compose.url) == {"worker-1", "worker-2"}, "the workers' answers")
        until(lambda: generators(compose.page) == 2, "both generators")
        stays_with_one_worker_by_cookies_of_its_own(compose)
        assert b"authlab" in page(compose.page, "GET", "/").lower()
        page(compose.page, "POST", "/swarm", "user_count=10&spawn_rate=10&host=http://proxy:8080")
        time.sleep(5)
        compose("stop", "load-master")  # what Ctrl-C does; it ends the test and completes the recording
        compose("stop", "load-worker")
        (recording,) = (results / "runs").iterdir()
        files = list(recording.iterdir())
        assert {file.stat().st_uid for file in files} == {SOMEBODY}
        assert len([file for file in files if file.name.startswith("samples-")]) == 2, "one per generator"
        samples = read_recording(recording).samples.filter(pl.col("window") >= 0)
        seconds = (samples["sent_ns"].max() - samples["sent_ns"].min()) / 1e9
        assert 0.6 * 60 < samples.height / seconds < 1.4 * 60, "the rate is split, not multiplied"
        assert samples["user"].n_unique() == 10
        assert set(samples["outcome"]) == {"ok"}
        assert set(samples["worker"]) == {"worker-1", "worker-2"}


def page(port: int, method: str, path: str, form: str | None = None) -> bytes:
    """Locust's web page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, path, body=form, headers=headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return body
    finally:
        connection.close()


def generators(port: int) -> int:
    """How many Locust workers the master knows."""
    try:
        return len(json.loads(page(port, "GET", "/stats/requests"))["workers"])
    except (OSError, http.client.HTTPException):
        return 0
