"""The images build under BuildKit too. The lab's own stacks, and plain `docker compose up`, build them with whatever
builder Compose finds; here that is the classic one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from authlab.host.content import content_root
from authlab.stack.compose.engine import Engine

pytestmark = pytest.mark.stack

_TAG = "authlab-test-buildkit"
_WITHIN_S = 300


def _build(docker: str, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [docker, "build", "--progress=plain", "--tag", tag, str(folder)],
        env=os.environ | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    yield _TAG
    for image in engine.client.images.list(name=_TAG):
        engine.client.images.remove(image.id, force=True)


@pytest.mark.parametrize("name", ["services", "loadtests"])
def test_the_images_build_with_buildkit(name: str, tag: str) -> None:
    tried = ""
    for docker in filter(None, ("/usr/bin/docker", shutil.which("docker"))):
        if not Path(docker).exists():
            continue
        done = _build(docker, content_root() / name, tag)
        tried = done.stdout + done.stderr
        if "buildx" in tried and done.returncode:
            continue  # a newer command without the plug-in that it builds with
        assert done.returncode == 0, tried[-3000:]
        assert "exporting to image" in tried, "that was not BuildKit"
        return
    pytest.skip(f"no docker command here that builds with BuildKit: {tried.strip()[-200:]}")
