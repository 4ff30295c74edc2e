"""The containers of a project, by the lab's names for them, and the files that go into and come out of them."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from authlab.stack.compose.model import KEYS, LINK, PROXY, STORE, WORKER

_UID = 10001
"""The user that makes and reads the keys: `user` in compose/base.yml."""


def parts_of(client: Any, project: str) -> dict[str, Any]:
    """{"proxy", "worker-1", …, "store", "link": container}, running or not."""
    found: dict[str, Any] = {}
    for container in client.containers.list(
        all=True, ignore_removed=True, filters={"label": f"com.docker.compose.project={project}"}
    ):
        labels = container.labels
        name = part_name(labels["com.docker.compose.service"], int(labels["com.docker.compose.container-number"]))
        if name is not None:
            found[name] = container
    return dict(sorted(found.items(), key=lambda item: _order(item[0])))


def part_name(service: str, number: int) -> str | None:
    """The part that a container is. None for the container that makes the keys, which ends by itself."""
    return {PROXY: "proxy", STORE: "store", LINK: "link", KEYS: None}.get(service, f"{service}-{number}")


def _order(part: str) -> tuple[int, int]:
    kind, _, number = part.partition("-")
    return (["proxy", WORKER, "store", "link"].index(kind), int(number or 0))


def keys_container(client: Any, project: str) -> Any:
    """The container that makes the keys, not started yet."""
    labels = [f"com.docker.compose.project={project}", f"com.docker.compose.service={KEYS}"]
    (container,) = client.containers.list(all=True, filters={"label": labels})
    return container


def put_files(container: Any, folder: str, files: Mapping[str, bytes], mode: int) -> None:
    """Put files into a folder (a mounted volume) of a container, readable by the user of our images."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid = len(content), mode, _UID, _UID
            member.mtime = int(time.time())
            archive.addfile(member, io.BytesIO(content))
    container.put_archive(folder, packed.getvalue())


def save_logs(parts: Mapping[str, Any], folder: Path) -> None:
    """Write the containers' output, under the names that the local stack's logs have."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, container in parts.items():
        if part == "proxy":
            _save(container, folder / "nginx-access.log", stdout=True, stderr=False)
            _save(container, folder / "nginx-error.log", stdout=False, stderr=True)
        else:
            _save(container, folder / f"{part}.log", stdout=True, stderr=True)


def _save(container: Any, path: Path, *, stdout: bool, stderr: bool) -> None:
    with path.open("wb") as file:
        for chunk in container.logs(stream=True, follow=False, stdout=stdout, stderr=stderr):
            file.write(chunk)
