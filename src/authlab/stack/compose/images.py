"""The images that a stack needs: ours built from the content that is here, the others pulled, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import docker.errors

from authlab.host.content import content_root
from authlab.model.errors import Unavailable

_ELSEWHERE: Final = ("spa", "browser")
"""The browser lab's, which no image holds (services/.dockerignore)."""


def content_tag() -> str:
    """The tag of images built from the service as it is now: another content is another image, so two labs of
    different versions never meet, and what is there need not be built again."""
    folder = content_root() / "services"
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and file.relative_to(folder).parts[0] not in _ELSEWHERE:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return f"lab-{digest.hexdigest()[:12]}"


def ensure_images(client: Any, resolved: Mapping[str, Any], build: Callable[[str], None]) -> None:
    """Have all images of a resolved compose file on the engine: `build(service)` makes ours, the others are pulled.

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
            f"the image {image} can't be pulled: {error.explanation or error}. Remedy: look at the connection to the "
            "image registry, or bring the image with `docker load`."
        ) from error
