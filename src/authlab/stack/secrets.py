"""All secrets of a run, made for it alone: users, their password hashes, signing key, store password.

They are files that only their owner can read, in a folder that is removed with the run. Therefore no secret is in a
process list, an environment, a log or a run's folder. The containers of `docker compose` use the same program to make
them, compose/keys/keys.py.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authlab.host.content import content_root

LOW_COST = "scrypt:1024:8:1"
"""Hashing cost of steady-state experiments, which do not measure log-in (about 3 ms of CPU)."""

FULL_COST = "scrypt:32768:8:1"
"""Werkzeug's default (werkzeug.security.generate_password_hash), about 0.1 s of CPU."""


@dataclass(frozen=True)
class Secrets:
    """Where the secrets of a run are. `folder` is for the workers, `credentials` for the load."""

    folder: Path
    credentials: Path
    store_password: str = field(repr=False)


def make_secrets(folder: Path, users: int, scrypt_cost: str = LOW_COST) -> Secrets:
    """Make the secrets of a run in `folder` (created, mode 0700; files 0600).

    Files: `users.json` {user: password hash}, `jwt.json` {"active", "keys"}, `redis.json` {"password"}, and
    `credentials.json` {"users": [{"username", "password"}]}. `scrypt_cost` is Werkzeug's "scrypt:N:r:p".
    Raises `ValueError` if `users` is not positive or the cost is malformed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # it may have existed, and mkdir's mode is subject to the umask
    credentials = folder / "credentials.json"
    make = keys_program()["main"]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = make(
            [f"--service={folder}", f"--credentials={credentials}", f"--users={users}", f"--scrypt-cost={scrypt_cost}"]
        )
    if status:
        raise ValueError(said.getvalue().strip())
    return Secrets(folder, credentials, json.loads((folder / "redis.json").read_bytes())["password"])


def new_key(algorithm: str) -> dict[str, str]:
    """A fresh key that signs by `algorithm`, with a `kid` of its own: an entry of a key file."""
    key: dict[str, str] = keys_program()["new_key"](algorithm)
    return key


def keys_program() -> dict[str, Any]:
    """What compose/keys/keys.py defines.

    It runs in this process: a separate program could outlive a SIGKILL and write after the folder was removed.
    """
    return runpy.run_path(str(content_root() / "compose" / "keys" / "keys.py"), run_name="keys")


def write_secret(path: Path, content: Mapping[str, Any] | str) -> None:
    """Write a file and move it into place. At no moment may anyone but its owner read it."""
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
