"""What is the matter with Docker: each case has its own words and its own remedy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from authlab.model.errors import Unavailable
from authlab.stack.compose.engine import find_engine, numbers


class FakeEngine(BaseHTTPRequestHandler):
    """Answers what the SDK asks at first, with the API version of its server."""

    def do_GET(self) -> None:
        api: str = self.server.api  # type: ignore[attr-defined]
        answers: dict[str, Any] = {
            "version": {"ApiVersion": api, "MinAPIVersion": "1.12", "Version": "20.10.24"},
            "info": {"CpuCfsQuota": True},
        }
        body = json.dumps(answers.get(self.path.rpartition("/")[2], {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a Unix socket has no address"

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty at first; and no Docker in the environment."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in [name for name in os.environ if name.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'docker.sock'}")
    return folder


def program(folder: Path, name: str, says: str) -> None:
    """A program that prints that, whatever it is asked."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


@pytest.fixture
def engine(programs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """A fake engine, of API 1.41 unless told otherwise."""
    with ThreadingUnixStreamServer(str(tmp_path / "docker.sock"), FakeEngine) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.api = getattr(request, "param", "1.41")  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_no_docker_at_all(programs: Path) -> None:
    with pytest.raises(Unavailable, match=r"Docker is not installed\. Remedy: install Docker Engine"):
        find_engine()


def test_docker_is_installed_but_its_engine_does_not_run(programs: Path) -> None:
    program(programs, "docker", "")
    with pytest.raises(Unavailable, match=r"\(Docker is installed\)\. Remedy: start it"):
        find_engine()


def test_an_engine_that_has_ended_and_left_its_socket(programs: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "docker.sock"))
    with pytest.raises(Unavailable, match=r"nothing answers at .*the engine is not running\. Remedy: start it"):
        find_engine()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody, and for others the file is their own")
def test_a_socket_that_we_may_not_use(engine: None, tmp_path: Path) -> None:
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.owner() == "root" and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "docker.sock").chmod(0o600)
    code = "import os; from authlab.stack.compose.engine import find_engine; os.seteuid(65534); find_engine()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "no permission to use the Docker engine" in done.stderr
    assert "Remedy: sudo usermod -aG docker" in done.stderr


@pytest.mark.parametrize("engine", ["1.40"], indirect=True)
def test_an_engine_that_is_too_old(engine: None) -> None:
    with pytest.raises(Unavailable, match=r"too old: 20\.10\.24, with API 1\.40; API 1\.41 .*Remedy: install a newer"):
        find_engine()


def test_a_missing_compose(engine: None) -> None:
    with pytest.raises(Unavailable, match=r"Compose is missing\. Remedy: install the plug-in"):
        find_engine()


def test_a_compose_that_is_too_old(engine: None, programs: Path) -> None:
    program(programs, "docker-compose", "1.29.2")
    with pytest.raises(Unavailable, match=r"too old: docker-compose is 1\.29\.2; 2\.24 is needed\. Remedy: install"):
        find_engine()


@pytest.mark.parametrize(("name", "calls"), [("docker", ["docker", "compose"]), ("docker-compose", ["docker-compose"])])
def test_compose_is_found_as_plug_in_or_as_a_program(engine: None, programs: Path, name: str, calls: list[str]) -> None:
    program(programs, name, "v5.6.1")
    found = find_engine()
    try:
        assert list(found.compose) == calls
        assert str(found) == "20.10.24, Compose 5.6.1"
        assert found.limits_cpu
    finally:
        found.close()


@pytest.mark.parametrize(
    ("text", "version"),
    [("2.24.1-desktop.1", (2, 24, 1)), ("5.6.1", (5, 6, 1)), ("1.41", (1, 41)), ("x", ()), ("", ())],
)
def test_versions_are_read_as_numbers(text: str, version: tuple[int, ...]) -> None:
    assert numbers(text) == version
