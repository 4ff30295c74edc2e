"""As many users as this machine and the proxy can serve at once, and not one more: said before anything starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from authlab.cli.capacity import too_many_users
from authlab.host import open_files
from authlab.host.content import content_root
from authlab.stack.nginx import CONNECTIONS
from tests.unit.cli.calling import call


def _limits(monkeypatch: pytest.MonkeyPatch, files: int, ports: int = 28_232) -> None:
    monkeypatch.setattr(open_files, "most_files", lambda: files)
    monkeypatch.setattr(open_files, "most_connections", lambda: ports)


def test_the_number_of_connections_is_that_of_the_proxys_file() -> None:
    text = (content_root() / "compose" / "nginx" / "nginx.conf").read_text()
    assert re.findall(r"worker_connections (\d+);", text) == [str(CONNECTIONS)]
    (files,) = re.findall(r"worker_rlimit_nofile (\d+);", text)
    assert int(files) > CONNECTIONS, "each connection is a file"
    assert f"nofile: {files}" in (content_root() / "compose" / "base.yml").read_text()


@pytest.mark.parametrize(
    ("files", "ports", "kind", "most", "why"),
    [
        (1 << 20, 28_232, "local", 8064, "two for each user"),
        (1024, 28_232, "local", 448, "raise this shell's limit"),
        (1024, 28_232, "compose", 896, "the load generator may open 1024 files"),
        (1 << 20, 1000, "compose", 1000, "ip_local_port_range"),
    ],
)
def test_the_lowest_limit_decides_and_is_named(
    files: int, ports: int, kind: str, most: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limits(monkeypatch, files, ports)
    assert too_many_users(most, kind) is None
    said = too_many_users(most + 1, kind)
    assert said is not None
    assert f"at most {most} users" in said
    assert why in said
    assert said.endswith("use fewer --users")


@pytest.mark.parametrize("more", [(), ("worker-crash",), ("--fault", "crash-worker@2s"), ("--stack", "compose")])
def test_too_many_users_are_refused_before_anything_starts(
    more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _limits(monkeypatch, 1 << 20)
    assert call("run", *more, "--users", "8065") == 64
    assert "at most 8064 users" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_this_machines_own_limits_are_read() -> None:
    assert open_files.most_files() >= 64
    assert open_files.most_connections() >= 1024
