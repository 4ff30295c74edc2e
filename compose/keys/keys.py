"""Makes all secrets that a stack needs: users, their password hashes, signing key, store password.

    python -I keys.py --service FOLDER --credentials FILE --users 50

The `keys` service of the compose files uses it, and the lab runs it for its local stacks. Standard library only.
Existing secrets stay, so a stack that starts again knows its users and their tokens. New users are made when their
number or the hashing cost has changed. Nothing secret is printed.

    FOLDER/users.json    {user: password hash}, in Werkzeug's format scrypt:N:r:p$salt$hex
    FOLDER/jwt.json      {"active": kid, "keys": [{"kid", "alg": "HS256", "k": base64url}]}
    FOLDER/redis.json    {"password"}
    FILE                 {"users": [{"username", "password"}]}: for the load generator, not for the service
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import secrets
import string
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

SALT_CHARACTERS: Final = string.ascii_letters + string.digits  # as Werkzeug's: a "$" would end the salt
SALT_LENGTH: Final = 16
PASSWORD_BYTES: Final = 12
SECRET_BYTES: Final = {"HS256": 32}  # RFC 7518, 3.2: at least as long as the hash's output
KEY_FILES: Final = {"jwt.json": "HS256"}
"""Files of signing keys, and the algorithm that each is for."""

STORE_PASSWORD_BYTES: Final = 24
EXIT_USAGE: Final = 64


def main(arguments: list[str] | None = None) -> int:
    """Make what is missing. Exit code 64, with every reason, if the arguments are not usable."""
    options = _options(arguments)
    problems = [] if options.users >= 1 else [f"--users: at least one user is needed, not {options.users}"]
    costs = _costs(options.scrypt_cost)
    if costs is None:
        problems.append(
            f"--scrypt-cost: unsupported hashing cost {options.scrypt_cost!r}; it looks like scrypt:1024:8:1"
        )
    if problems or costs is None:
        print(*problems, sep="\n", file=sys.stderr)
        return EXIT_USAGE
    folder: Path = options.service
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_users(folder / "users.json", options, costs)
    for name, algorithm in KEY_FILES.items():
        if not (folder / name).exists():
            key = new_key(algorithm)
            _write(folder / name, json.dumps({"active": key["kid"], "keys": [key]}, indent=1))
    if not (folder / "redis.json").exists():
        _write(folder / "redis.json", json.dumps({"password": secrets.token_urlsafe(STORE_PASSWORD_BYTES)}))
    if options.store_conf is not None:
        password = json.loads((folder / "redis.json").read_bytes())["password"]
        kept = ["appendonly no"]
        if options.persistence != "none":
            kept = ["appendonly yes", f"appendfsync {options.persistence}"]
        lines = [f"requirepass {password}", *kept]
        _write(options.store_conf, "".join(f"{line}\n" for line in lines))
    return 0


def new_key(algorithm: str) -> dict[str, str]:
    """A fresh signing key with a `kid` of its own."""
    secret = _base64url(secrets.token_bytes(SECRET_BYTES[algorithm]))
    return {"kid": secrets.token_hex(4), "alg": algorithm, "k": secret}


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make the secrets of a stack.")
    parser.add_argument("--service", type=Path, required=True, metavar="FOLDER", help="for the workers")
    parser.add_argument("--credentials", type=Path, required=True, metavar="FILE", help="for the load")
    parser.add_argument(
        "--shared-credentials", action="store_true", help="anyone who can enter FILE's folder may read it"
    )
    parser.add_argument("--store-conf", type=Path, metavar="FILE", help="the private part of Redis' configuration")
    parser.add_argument(
        "--persistence",
        choices=("none", "everysec", "always"),
        default="none",
        help="Redis keeps an append-only file, flushed every second or before each write is answered",
    )
    parser.add_argument("--users", type=int, required=True, metavar="N")
    parser.add_argument("--scrypt-cost", required=True, metavar="scrypt:N:r:p")
    return parser.parse_args(arguments)


def _costs(text: str) -> tuple[int, int, int] | None:
    try:
        method, n, r, p = text.split(":")
        return (int(n), int(r), int(p)) if method == "scrypt" else None
    except ValueError:
        return None


def _make_users(users: Path, options: argparse.Namespace, costs: tuple[int, int, int]) -> None:
    if users.exists() and options.credentials.exists():
        known: dict[str, str] = json.loads(users.read_bytes())
        if len(known) == options.users and all(text.startswith(f"{options.scrypt_cost}$") for text in known.values()):
            return
    passwords = {f"user-{n:04}": secrets.token_urlsafe(PASSWORD_BYTES) for n in range(1, options.users + 1)}
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashlib.scrypt releases the GIL
        hashes = pool.map(lambda password: _hash(password, costs), passwords.values())
        _write(users, json.dumps(dict(zip(passwords, hashes, strict=True)), indent=1))
    pairs: list[dict[str, Any]] = [{"username": name, "password": password} for name, password in passwords.items()]
    _write(options.credentials, json.dumps({"users": pairs}, indent=1), 0o644 if options.shared_credentials else 0o600)


def _hash(password: str, costs: tuple[int, int, int]) -> str:
    n, r, p = costs
    salt = "".join(secrets.choice(SALT_CHARACTERS) for _ in range(SALT_LENGTH))
    # maxmem as Werkzeug's: OpenSSL's own limit is below the default cost
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=132 * n * r * p)
    return f"scrypt:{n}:{r}:{p}${salt}${digest.hex()}"


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file and move it into place. At no moment may more users read it than in the end."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.chmod(mode)
    draft.replace(path)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    raise SystemExit(main())
