"""Everything secret that a run needs, made anew for it: users, their password hashes, signing key, store password.

Handed over as files that only their owner can read, in a folder that goes away with the run: so no secret is in
a process list, an environment, a log or a run's folder.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import string
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOW_COST = "scrypt:1024:8:1"
"""Hashing cost of steady-state experiments, in which log-in is not what is measured (about 3 ms of CPU)."""

FULL_COST = "scrypt:32768:8:1"
"""Werkzeug's default (werkzeug.security.generate_password_hash), about 0.1 s of CPU."""

_SALT_CHARACTERS = string.ascii_letters + string.digits  # as Werkzeug's: a "$" would end the salt
_SALT_LENGTH = 16
_PASSWORD_BYTES = 12
_SIGNING_KEY_BYTES = 32  # RFC 7518, 3.2: at least as long as the hash's output
_STORE_PASSWORD_BYTES = 24


@dataclass(frozen=True)
class Secrets:
    """Where the secrets of a run are. `folder` is what the workers get, `credentials` what the load gets."""

    folder: Path
    credentials: Path
    store_password: str = field(repr=False)


def make_secrets(folder: Path, users: int, scrypt_cost: str = LOW_COST) -> Secrets:
    """Make the secrets of a run in `folder` (created, mode 0700; files 0600).

    Files: `users.json` {user: password hash}, `jwt.json` {"active", "keys"}, `redis.json` {"password"}, and
    `credentials.json` {"users": [{"username", "password"}]}. `scrypt_cost` is Werkzeug's "scrypt:N:r:p".
    Raises `ValueError` if `users` is not positive or the cost is malformed.
    """
    if users < 1:
        raise ValueError(f"at least one user is needed, not {users}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # it may have been there, and mkdir's mode is subject to the umask
    passwords = {f"user-{n:04}": secrets.token_urlsafe(_PASSWORD_BYTES) for n in range(1, users + 1)}
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashlib.scrypt releases the GIL
        hashes = pool.map(lambda password: password_hash(password, scrypt_cost), passwords.values())
        write_secret(folder / "users.json", dict(zip(passwords, hashes, strict=True)))
    kid = secrets.token_hex(4)
    key = {"kid": kid, "alg": "HS256", "k": _base64url(secrets.token_bytes(_SIGNING_KEY_BYTES))}
    write_secret(folder / "jwt.json", {"active": kid, "keys": [key]})
    store_password = secrets.token_urlsafe(_STORE_PASSWORD_BYTES)
    write_secret(folder / "redis.json", {"password": store_password})
    credentials = folder / "credentials.json"
    pairs = [{"username": name, "password": password} for name, password in passwords.items()]
    write_secret(credentials, {"users": pairs})
    return Secrets(folder, credentials, store_password)


def password_hash(password: str, cost: str = LOW_COST) -> str:
    """A salted hash in Werkzeug's format, `scrypt:N:r:p$salt$hex` (the lab itself does not import Werkzeug)."""
    try:
        method, n, r, p = cost.split(":")
        costs = int(n), int(r), int(p)
    except ValueError:
        method = ""
    if method != "scrypt":
        raise ValueError(f"unsupported hashing cost {cost!r}; it looks like {LOW_COST!r}")
    n_, r_, p_ = costs
    salt = "".join(secrets.choice(_SALT_CHARACTERS) for _ in range(_SALT_LENGTH))
    digest = hashlib.scrypt(
        password.encode(), salt=salt.encode(), n=n_, r=r_, p=p_, maxmem=132 * n_ * r_ * p_
    )  # maxmem as Werkzeug's: OpenSSL's own limit is below the default cost
    return f"{cost}${salt}${digest.hex()}"


def write_secret(path: Path, content: Mapping[str, Any] | str) -> None:
    """Write a file that only its owner can read, at no moment otherwise, and move it into place."""
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
