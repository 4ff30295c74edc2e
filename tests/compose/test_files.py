"""The compose files: one per mode, thin, hard, and of one mind with the local stacks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from authlab.host.content import content_root
from authlab.model.modes import MODES, ROUTINGS
from authlab.stack.compose.engine import Engine
from authlab.stack.compose.project import PROXY_LOG
from authlab.stack.nginx import listen_conf, upstream_conf

COMPOSE = content_root() / "compose"
SHARED = {"base.yml", "common.yml"}


def directives(text: str) -> list[str]:
    """nginx directives without comments and indentation."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


@pytest.fixture(params=list(MODES))
def resolved(request: pytest.FixtureRequest, engine: Engine) -> Any:
    """Each mode's file as Compose reads it, with everything in it, and what the user's environment does to it."""
    return read(engine, request.param)


def read(engine: Engine, mode: str, **variables: str) -> Any:
    command = [
        *engine.compose,
        "-f",
        str(COMPOSE / f"{mode}.yml"),
        "--profile",
        "load",
        "--profile",
        "link",
        "config",
        "--format",
        "json",
    ]
    environment = {**engine.environment, **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_mode_has_a_file_and_every_file_a_mode() -> None:
    assert {file.name for file in COMPOSE.glob("*.yml")} - SHARED == {f"{mode}.yml" for mode in MODES}


def test_a_mode_is_a_thin_file() -> None:
    for mode in MODES:
        assert len((COMPOSE / f"{mode}.yml").read_text().splitlines()) <= 15


@pytest.mark.parametrize("mode", MODES)
def test_a_file_runs_the_state_and_routing_of_its_mode(engine: Engine, mode: str) -> None:
    services = read(engine, mode)["services"]
    assert services["worker"]["environment"]["AUTHLAB_STATE"] == MODES[mode].state
    assert ("redis" in services) == MODES[mode].needs_store
    (upstream,) = [v["source"] for v in services["proxy"]["volumes"] if v["target"].endswith("upstream.conf")]
    assert Path(upstream).name == f"{MODES[mode].routing}.conf"


@pytest.mark.parametrize("routing", [routing for routing in ROUTINGS if routing != "consistent-hash"])
def test_the_static_upstream_is_what_the_local_stack_writes(routing: str) -> None:
    static = directives((COMPOSE / "nginx" / f"{routing}.conf").read_text())
    resolver, *rest = static
    assert resolver.startswith("resolver 127.0.0.11 ")
    written = directives(upstream_conf(routing, ["worker:8000 resolve"]))
    assert sorted(rest) == sorted(written)


def test_the_static_upstream_of_a_ring_lists_each_worker_as_the_local_stack_does() -> None:
    static = directives((COMPOSE / "nginx" / "consistent-hash.conf").read_text())
    written = directives(upstream_conf("consistent-hash", ["$address:8000"]))
    (listed,) = set(written) - set(static)
    assert set(static) - set(written) == {"include /tmp/workers.conf;"}
    assert f'echo "{listed}"' in (COMPOSE / "nginx" / "ring.sh").read_text()


def test_the_static_listen_piece_is_what_the_lab_writes() -> None:
    written = directives(listen_conf("8080", 30.0, log=PROXY_LOG))
    assert directives((COMPOSE / "nginx" / "listen.conf").read_text()) == written


def test_no_container_may_do_more_than_it_must(resolved: Any) -> None:
    for name, service in resolved["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["user"].split(":")[0]) > 0, name
        assert not service.get("privileged", False), name
        assert "cap_add" not in service, name
        seconds = re.fullmatch(r"(\d+)s", service.get("stop_grace_period", "0s"))
        assert seconds, name
        assert int(seconds[1]) < 10, name


def test_everything_published_is_on_loopback(resolved: Any) -> None:
    published = [port for service in resolved["services"].values() for port in service.get("ports", [])]
    assert len(published) == 2  # the proxy, Locust's page
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_the_store_is_where_the_proxy_is_not(engine: Engine) -> None:
    services = read(engine, "redis")["services"]
    assert set(services["redis"]["networks"]) == {"store"}
    assert set(services["proxy"]["networks"]) == {"front"}
    assert read(engine, "redis")["networks"]["store"]["internal"] is True


def test_keys_are_mounted_read_only_and_only_where_they_are_needed(engine: Engine) -> None:
    for name, service in read(engine, "redis")["services"].items():
        mounts = {v["source"]: v.get("read_only", False) for v in service.get("volumes", []) if v["type"] == "volume"}
        keys = {source for source in mounts if source.endswith("-keys")}
        wanted = {
            "keys": {"service-keys", "store-keys", "load-keys"},
            "worker": {"service-keys"},
            "redis": {"store-keys"},
            "proxy": set(),
            "link": set(),
        }
        assert keys == wanted.get(name, {"load-keys"}), name
        assert name == "keys" or all(mounts[key] for key in keys), name


def test_health_checks_are_seldom_and_nobody_waits_for_them(resolved: Any) -> None:
    for name, service in resolved["services"].items():
        if "healthcheck" in service:
            assert service["healthcheck"]["interval"] == "1m0s", name
            assert "start_interval" not in service["healthcheck"], "Docker 20.10 knows none"
        for dependency in service.get("depends_on", {}).values():
            assert dependency["condition"] != "service_healthy", name


def test_limits_are_variables(engine: Engine) -> None:
    worker = read(engine, "jwt", AUTHLAB_WORKER_CPUS="0.25", AUTHLAB_WORKER_MEMORY="100m")["services"]["worker"]
    assert float(worker["cpus"]) == 0.25
    assert int(worker["mem_limit"]) == 100 * 1024**2


def test_the_store_is_started_with_its_own_memory_limit_in_view(engine: Engine) -> None:
    """It derives its maxmemory from it (tests/unit/stack/test_store_start.py)."""
    store = read(engine, "redis", AUTHLAB_REDIS_MEMORY="100m")["services"]["redis"]
    assert int(store["mem_limit"]) == 100 * 1024**2
    assert store["environment"] == {"AUTHLAB_REDIS_MEMORY": "100m"}
    assert store["entrypoint"] == ["sh", "/etc/authlab/start.sh"]
    assert "/etc/authlab/start.sh" in {volume["target"] for volume in store["volumes"]}


def test_images_are_official_and_pinned_by_tag() -> None:
    text = "".join(file.read_text() for file in COMPOSE.glob("*.yml"))
    text += "".join((content_root() / folder / "Dockerfile").read_text() for folder in ("services", "loadtests"))
    images = set(re.findall(r"(?:image:|FROM) +(\S+)", text))
    ours = {image for image in images if image.startswith("authlab-")}
    assert {image.partition(":")[0] for image in images - ours} == {"nginx", "redis", "python"}
    assert all(re.fullmatch(r"[a-z]+:\d[\w.-]*", image) for image in images - ours), images


def test_the_images_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((content_root() / "pyproject.toml").read_text())["project"]["dependencies"]
    for folder in ("services", "loadtests"):
        lines = (content_root() / folder / "requirements.txt").read_text().splitlines()
        wanted = [line for line in lines if not line.startswith("#")]
        assert wanted
        assert set(wanted) <= set(project), folder


@pytest.fixture
def umask() -> Iterator[None]:
    """As strict as can be."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def keys(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The keys service's program."""
    places = [f"--service={folder / 'service'}", f"--credentials={folder / 'load.json'}"]
    command = ["python3", "-I", str(COMPOSE / "keys" / "keys.py"), *places, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_keys_that_are_there_stay_until_other_users_are_wanted(tmp_path: Path) -> None:
    def made(users: int) -> dict[str, str]:
        assert keys(tmp_path, f"--users={users}", "--scrypt-cost=scrypt:1024:8:1").returncode == 0
        return {file.name: file.read_text() for file in [*(tmp_path / "service").iterdir(), tmp_path / "load.json"]}

    first, second, third = made(2), made(2), made(3)
    assert first == second
    assert first["jwt.json"] == third["jwt.json"]
    assert first["redis.json"] == third["redis.json"]
    assert len(json.loads(third["users.json"])) == 3


def test_the_stores_part_of_the_keys_holds_its_password_and_the_load_may_read_its_own(
    tmp_path: Path, umask: None
) -> None:
    options = ("--users=1", "--scrypt-cost=scrypt:1024:8:1", "--shared-credentials", "--persistence=always")
    done = keys(tmp_path, *options, f"--store-conf={tmp_path / 'store.conf'}")
    assert done.returncode == 0, done.stderr
    password = json.loads((tmp_path / "service" / "redis.json").read_text())["password"]
    assert (tmp_path / "store.conf").read_text() == f"requirepass {password}\nappendonly yes\nappendfsync always\n"
    assert (tmp_path / "load.json").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "store.conf").stat().st_mode & 0o777 == 0o600
    assert done.stdout + done.stderr == ""


def test_all_that_is_wrong_with_the_keys_arguments_is_told_at_once(tmp_path: Path) -> None:
    done = keys(tmp_path, "--users=0", "--scrypt-cost=md5")
    assert done.returncode == 64
    assert "at least one user" in done.stderr
    assert "unsupported hashing cost 'md5'" in done.stderr
