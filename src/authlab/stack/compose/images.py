"""The images that a stack needs: ours are built from the current content, the others are pulled, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import docker.errors

from authlab.host.content import content_root
from authlab.model.errors import Unavailable

_ELSEWHERE: Final = ("spa", "browser")
"""The browser lab's folders, which no image contains (services/.dockerignore)."""


def content_tag() -> str:
    """The tag of images built from the current service. Other content gives another image, so two labs of different
    versions never share one, and an existing image need not be built again."""
    folder = content_root() / "services"
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and file.relative_to(folder).parts[0] not in _ELSEWHERE:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return f"lab-{digest.hexdigest()[:12]}"


def ensure_images(client: Any, resolved: Mapping[str, Any], build: Callable[[str], None]) -> None:
    """Make sure that the engine has all images of a resolved compose file: `build(service)` makes ours, others are
    pulled.

    Raises `Unavailable` if an image can't be had, and what `build` raises.
    """
    for name, service in resolved["services"].items():
        if not _is_there(client, service["image"]):
            if "build" in service:
                build(name)
            else:
                _pull(client, service["image"])


def _is_there(client: Any, image: str) -> bool:
    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def _pull(client: Any, image: str) -> None:
    try:
        client.images.pull(image)
    except docker.errors.APIError as error:
        raise Unavailable(
            f"the image {image} can't be pulled: {error.explanation or error}. Remedy: check the connection to the "
            "image registry, or load the image with `docker load`."
        ) from error
