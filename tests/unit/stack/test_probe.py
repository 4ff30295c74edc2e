"""Waiting for programs to answer: patience, and what is said when it runs out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from authlab.host.ports import free_port
from authlab.host.processes import Guardian, Process
from authlab.model.errors import LabError
from authlab.stack.probe import Died, Probe, healthz, wait_until_ready


def program(guardian: Guardian, folder: Path, source: str, *arguments: object) -> Process:
    argv = [sys.executable, "-c", source, *map(str, arguments)]
    return guardian.spawn("worker-1", argv, log=folder / "worker-1.log")


ANSWER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.send_header("X-Worker", sys.argv[3]); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

SILENCE = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("thinking", flush=True)
time.sleep(60)
"""


def never(why: str) -> Callable[[Callable[[], bool]], str | None]:
    return lambda _wanted: why


def test_an_answer_under_the_right_name_ends_the_waiting(guardian: Guardian, tmp_path: Path) -> None:
    with free_port() as port:
        process = program(guardian, tmp_path, ANSWER, port.number, 200, "worker-1")
        wait_until_ready([Probe(process, healthz(port.number, "worker-1"))], 30)


def test_an_answer_of_somebody_else_is_none(guardian: Guardian, tmp_path: Path) -> None:
    with free_port() as port:
        process = program(guardian, tmp_path, ANSWER, port.number, 200, "worker-9")
        with pytest.raises(LabError, match="answered by worker-9, not by worker-1"):
            wait_until_ready([Probe(process, healthz(port.number, "worker-1"))], 2)


def test_an_error_status_is_none(guardian: Guardian, tmp_path: Path) -> None:
    with free_port() as port:
        process = program(guardian, tmp_path, ANSWER, port.number, 500, "worker-1")
        with pytest.raises(LabError, match="answered 500"):
            wait_until_ready([Probe(process, healthz(port.number, "worker-1"))], 2)


def test_a_program_that_dies_ends_the_waiting_at_once(guardian: Guardian, tmp_path: Path) -> None:
    process = program(guardian, tmp_path, "print('bad configuration'); raise SystemExit(3)")
    begun = time.monotonic()
    with pytest.raises(Died, match=r"(?s)worker-1 exited with status 3.*bad configuration.*Full log"):
        wait_until_ready([Probe(process, never("not yet"))], 30)
    assert time.monotonic() - begun < 15


def test_a_program_that_never_answers_is_named_with_its_last_lines(guardian: Guardian, tmp_path: Path) -> None:
    with free_port() as port:
        process = program(guardian, tmp_path, SILENCE, port.number)
        begun = time.monotonic()
        with pytest.raises(LabError, match=r"(?s)worker-1 was not ready within 1.5 s .*not answer.*thinking.*Full log"):
            wait_until_ready([Probe(process, healthz(port.number, "worker-1"))], 1.5)
        assert time.monotonic() - begun < 5


def test_everyone_who_did_not_answer_is_named(guardian: Guardian, tmp_path: Path) -> None:
    process = program(guardian, tmp_path, "import time; time.sleep(60)")
    with pytest.raises(LabError, match=r"(?s)\(one\).*\(two\)"):
        wait_until_ready([Probe(process, never("one")), Probe(process, never("two"))], 0.3)


def test_nothing_to_ask_is_nothing_to_wait_for() -> None:
    wait_until_ready([], 1)
