"""The store of a container is started with a maxmemory below the container's limit, whatever that is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from authlab.host.content import content_root

_SCRIPT = content_root() / "compose" / "store" / "start.sh"


def started(folder: Path, memory: str) -> subprocess.CompletedProcess[str]:
    """What the script would start: a program of that name shows its arguments."""
    program = folder / "redis-server"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    env = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "AUTHLAB_REDIS_MEMORY": memory}
    return subprocess.run(["sh", _SCRIPT], env=env, capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.parametrize(
    ("memory", "maxmemory"),
    [
        ("512m", 384 * 2**20),
        ("512M", 384 * 2**20),
        ("64mb", 48 * 2**20),
        ("1g", 768 * 2**20),
        ("2GB", 1536 * 2**20),
        ("65536k", 48 * 2**20),
        ("67108864", 48 * 2**20),
        ("67108864b", 48 * 2**20),
        ("1.5g", 1152 * 2**20),
        ("0.25g", 153 * 2**20),  # rounded down to a tenth of the unit
        ("0", 0),  # no limit, as Docker has it
    ],
)
def test_the_store_holds_three_quarters_of_what_the_container_may_use(
    tmp_path: Path, memory: str, maxmemory: int
) -> None:
    said = started(tmp_path, memory)
    assert said.returncode == 0, said.stderr
    name, given = said.stdout.split()[-2:]
    assert name == "--maxmemory"
    assert maxmemory <= int(given) < maxmemory + 2**20


@pytest.mark.parametrize("memory", ["lots", "1,5g", "m", "-1m"])
def test_a_size_that_cannot_be_read_is_refused(tmp_path: Path, memory: str) -> None:
    said = started(tmp_path, memory)
    assert said.returncode == 78
    assert f"AUTHLAB_REDIS_MEMORY is '{memory}'" in said.stderr
