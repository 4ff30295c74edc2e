"""Which lab owns which containers: every lab marks what it makes, and removes what dead labs left, nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import platform
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker.errors

from authlab.model.errors import LabError

LABEL = "authlab.lab"
"""On every container, network and volume of a lab: its machine, and the file that it keeps locked."""

_AT_ONCE = 8
_PAUSE_S = 0.1
_REMOVE_WITHIN_S = 30.0


class Ownership:
    """The mark of a running lab. While it is held, `path` is locked, and no lab removes what has `label`.

    The lock ends with the process, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self.label = f"{platform.node()}:{path.absolute()}"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        """Give up ownership: what still has the label may be removed."""
        self._file.close()


def clear_abandoned(client: Any) -> list[str]:
    """Remove what dead labs of this machine left. Returns the names of what was removed."""
    labels = {value for _, value in _owned(client, LABEL)}
    return [name for label in sorted(labels) if _is_dead(label) for name in remove_owned(client, label)]


def remove_owned(client: Any, label: str, project: str | None = None) -> list[str]:
    """Remove all containers, networks and volumes with that label (of one compose project, if given). Returns their
    names.

    Raises `LabError` if some of it can't be removed.
    """
    wanted = [f"{LABEL}={label}", *([f"com.docker.compose.project={project}"] if project else [])]
    deadline = time.monotonic() + _REMOVE_WITHIN_S
    removed: list[str] = []
    while True:
        found, errors = 0, []
        # in this order, because a network or volume in use can't be removed
        for collection, remove in _KINDS:
            things = _listed(client, collection, wanted)
            found += len(things)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                errors += [error for error in pool.map(remove, things) if error]
            removed += [thing.name for thing in things]
        if not found:
            return list(dict.fromkeys(removed))
        if errors and time.monotonic() > deadline:
            raise LabError(
                "the Docker engine did not remove what this lab made: "
                + "; ".join(errors)
                + f'. Remedy: docker ps --all --filter "label={LABEL}", and remove by hand what is listed.'
            )
        if errors:
            time.sleep(_PAUSE_S)


def _attempt(remove: Callable[[], object]) -> str | None:
    """None if it is gone, else the reason."""
    try:
        remove()
    except docker.errors.NotFound:
        return None
    except docker.errors.APIError as error:
        return str(error.explanation or error)
    return None


def _remove_container(container: Any) -> str | None:
    return _attempt(lambda: container.remove(force=True, v=True))


def _remove(thing: Any) -> str | None:
    return _attempt(thing.remove)


_KINDS = (("containers", _remove_container), ("networks", _remove), ("volumes", _remove))


def _listed(client: Any, collection: str, labels: list[str]) -> list[Any]:
    options = {"all": True, "ignore_removed": True} if collection == "containers" else {}
    return list(getattr(client, collection).list(filters={"label": labels}, **options))


def _owned(client: Any, label: str) -> Iterable[tuple[Any, str]]:
    for collection, _ in _KINDS:
        for thing in _listed(client, collection, [label]):
            labels = thing.labels if collection == "containers" else (thing.attrs.get("Labels") or {})
            yield thing, labels[label]


def _is_dead(label: str) -> bool:
    """Whether the lab of that label has ended. False if that is unknown."""
    machine, _, path = label.partition(":")
    if machine != platform.node() or not path.startswith("/"):
        return False
    try:
        with Path(path).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True  # its private folder ended with it
    except OSError:
        return False  # locked, or another user's: not ours to decide
    with contextlib.suppress(OSError):
        Path(path).unlink()
    return True
