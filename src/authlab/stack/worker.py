"""A worker: one gunicorn instance with one process, a single place where memory state can be."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Guardian, Process, minimal_environment
from authlab.model.modes import Mode

SERVICE = "services.wsgi:app"


def environment(
    mode: Mode,
    worker: str,
    *,
    port: int,
    instance: str,
    secrets: Path,
    store_port: int | None,
    settings: Mapping[str, str],
) -> dict[str, str]:
    """The worker's complete environment. It contains nothing secret, only the folder of the secrets.

    `instance` is part of the cookies' names. `settings` are applied last and win. Keys of several modes share one
    store, so each mode has a prefix.
    """
    env = minimal_environment() | {
        "AUTHLAB_STATE": mode.state,
        "AUTHLAB_WORKER": worker,
        "AUTHLAB_BIND": f"{LOOPBACK}:{port}",
        "AUTHLAB_INSTANCE": instance,
        "AUTHLAB_SECRETS": str(secrets.absolute()),
    }
    if store_port is not None:
        env |= {
            "AUTHLAB_REDIS_HOST": LOOPBACK,
            "AUTHLAB_REDIS_PORT": str(store_port),
            "AUTHLAB_REDIS_PREFIX": f"authlab:{mode.name}:",
        }
    return env | dict(settings)


def start(
    guardian: Guardian, mode: Mode, name: str, env: Mapping[str, str], log: Path, cpus: Sequence[int] | None = None
) -> Process:
    """Start gunicorn under the Python that runs the lab, with the service or with the mode's own app.

    Both start in the folder that contains the service, with the same settings.
    """
    return serve(guardian, f"{name} of {mode.name}", _application(mode), env, log, cpus)


def serve(
    guardian: Guardian,
    title: str,
    application: Sequence[str],
    env: Mapping[str, str],
    log: Path,
    cpus: Sequence[int] | None = None,
) -> Process:
    """Start gunicorn with `application` (its arguments) in the folder that contains the service."""
    root = content_root()
    argv = [sys.executable, "-m", "gunicorn", "-c", str(root / "services" / "gunicorn_conf.py"), *application]
    return guardian.spawn(title, argv, log=log, env=env, cwd=root, cpus=cpus)


def _application(mode: Mode) -> list[str]:
    if mode.app is None:
        return [SERVICE]
    # the brackets make gunicorn call the factory, once per worker
    return ["--pythonpath", mode.app.folder, f"{mode.app.target}()"]
