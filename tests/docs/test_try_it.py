"""What the docs tell people to paste works: each mode's page beside a standing mode, and a worker started by hand."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.kinds import KINDS

pytestmark = pytest.mark.stack

_ROOT = Path(__file__).resolve().parents[2]
_WITHIN_S = 60.0
_BIN = Path(sys.executable).parent


@contextmanager
def _started(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a group of its own, its output in `log`; told to end in the end."""
    env = {**os.environ, "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}", **environment}
    with log.open("wb") as out:
        program = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, cwd=log.parent, env=env, start_new_session=True
        )
    try:
        yield program
    finally:
        program.terminate()
        try:
            program.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def _await(log: Path, pattern: str, program: subprocess.Popen[bytes]) -> re.Match[str]:
    """The pattern's first match in the log."""
    deadline = time.monotonic() + _WITHIN_S
    while True:
        text = log.read_text(encoding="utf-8", errors="replace")
        if found := re.search(pattern, text):
            return found
        assert program.poll() is None, f"it ended with {program.returncode}:\n{text}"
        assert time.monotonic() < deadline, f"{pattern} did not appear within {_WITHIN_S:g} s:\n{text}"
        time.sleep(0.05)


def _port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def _after(page: str, heading: str, kind: str) -> list[str]:
    """The lines of the fenced blocks of a kind below a heading, block by block."""
    text = (_ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _alike(lines: str) -> list[str]:
    """Lines with the workers numbered by first appearance: which one is first is the proxy's affair."""
    order: dict[str, str] = {}
    return [
        re.sub(r"worker-\d+", lambda m: order.setdefault(m[0], f"w{len(order)}"), x) for x in lines.split("\n") if x
    ]


@pytest.mark.parametrize("mode", KINDS)
def test_the_lines_of_a_modes_page_show_what_the_page_says(mode: str, tmp_path: Path) -> None:
    up, lines = _after(f"modes/{mode}.md", "Try it", "sh")
    (shown,) = _after(f"modes/{mode}.md", "Try it", "text")
    assert up == f"authlab up {mode} --port 8080\n"
    port, log = str(_port()), tmp_path / "up.log"
    with _started(up.replace("8080", port).split(), log) as program:
        lab = _await(log, r"-d @'?([^\s']+)/login\.json", program)[1]
        env = {**os.environ, "LAB": lab}
        ran = subprocess.run(
            ["bash", "-euc", lines.replace("8080", port)], env=env, capture_output=True, text=True, timeout=_WITHIN_S
        )
    assert ran.returncode == 0, ran.stderr
    answers = [line.strip() for line in ran.stdout.splitlines()]
    seen = "\n".join(line for line in map(_from_status, answers) if line.startswith(("HTTP", "X-Worker")))
    assert _alike(seen) == _alike(shown), ran.stdout


def _from_status(line: str) -> str:
    """The log-in's JSON has no line end: what follows it begins on the same line."""
    return re.sub(r"^\{.*\}(?=HTTP)", "", line)


def test_a_worker_starts_by_hand_as_the_settings_page_says(tmp_path: Path) -> None:
    (lines,) = _after("settings.md", "One worker by hand", "sh")
    make_secrets, start = lines.splitlines()
    for name in ("services", "compose"):
        (tmp_path / name).symlink_to(_ROOT / name)
    with _started(["bash", "-euc", f"exec {make_secrets}"], tmp_path / "keys.log") as keys:
        assert keys.wait(_WITHIN_S) == 0, (tmp_path / "keys.log").read_text()
    port, log = _port(), tmp_path / "worker.log"
    with _started(["bash", "-euc", f"exec env {start}"], log, AUTHLAB_BIND=f"127.0.0.1:{port}") as worker:
        _await(log, "Booting worker", worker)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
            assert answer.headers["X-Worker"]
