"""A worker of several processes: each has a name and a memory of its own, and bad settings still end the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from authlab.host.content import content_root
from authlab.stack.secrets import Secrets
from tests.unit.services.real_worker import WITHIN_S, gunicorn

pytestmark = pytest.mark.stack


def test_one_process_has_the_workers_name(tmp_path: Path, secrets: Secrets) -> None:
    with gunicorn(tmp_path, secrets) as worker:
        assert worker.names(1) == {"worker-1"}
        assert len(psutil.Process(worker.process.pid).children()) == 1


def test_each_process_has_its_own_name_and_a_replaced_one_a_new_number(tmp_path: Path, secrets: Secrets) -> None:
    with gunicorn(tmp_path, secrets, AUTHLAB_PROCESSES="3") as worker:
        assert worker.names(3) == {"worker-1.p1", "worker-1.p2", "worker-1.p3"}
        first, *_ = sorted(psutil.Process(worker.process.pid).children(), key=lambda child: child.pid)
        os.kill(first.pid, signal.SIGKILL)
        psutil.wait_procs([first], 5)
        assert worker.names(3) == {"worker-1.p2", "worker-1.p3", "worker-1.p4"}


def test_a_session_lives_in_one_process_of_the_worker(
    tmp_path: Path, secrets: Secrets, people: list[tuple[str, str]]
) -> None:
    with gunicorn(tmp_path, secrets, AUTHLAB_PROCESSES="2") as worker:
        worker.names(2)
        user, password = people[0]
        status, home = worker.ask("POST", "/login", {"username": user, "password": password})
        assert status == 200
        cookie = {"Cookie": worker.cookie.split(";", 1)[0]}
        answers = {worker.ask("GET", "/me", headers=cookie) for _ in range(60)}
        assert answers == {(200, home), (401, "worker-1.p1" if home == "worker-1.p2" else "worker-1.p2")}


@pytest.mark.parametrize("processes", ["1", "2", "65"])
def test_bad_settings_end_the_start_however_many_processes_there_are(processes: str) -> None:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "services/gunicorn_conf.py", "services.wsgi:app"],
        cwd=content_root(),
        env={
            "PATH": os.defpath,
            "AUTHLAB_STATE": "jtw",
            "AUTHLAB_BIND": "127.0.0.1:0",
            "AUTHLAB_PROCESSES": processes,
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 78, done.stderr
    assert done.stderr.count("AUTHLAB_STATE is 'jtw'") == 1
    assert ("AUTHLAB_PROCESSES is '65'" in done.stderr) == (processes == "65")
    assert "Traceback" not in done.stderr
    assert time.monotonic() - begin < WITHIN_S
