"""The secrets of a run: their strength, their shape, and who can read them."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash

from authlab.model.modes import MODES
from authlab.stack.secrets import FULL_COST, LOW_COST, make_secrets, new_key, write_secret


@pytest.mark.parametrize("cost", [LOW_COST, FULL_COST])
def test_werkzeug_accepts_the_hash_and_refuses_another_password(tmp_path: Path, cost: str) -> None:
    made = make_secrets(tmp_path / "secrets", users=1, scrypt_cost=cost)
    (hashed,) = json.loads((made.folder / "users.json").read_text()).values()
    (user,) = json.loads(made.credentials.read_text())["users"]
    assert hashed.startswith(f"{cost}$")
    assert check_password_hash(hashed, user["password"])
    assert not check_password_hash(hashed, user["password"] + "x")


@pytest.mark.parametrize("cost", ["pbkdf2:sha256:1", "scrypt", "scrypt:a:b:c", "scrypt:1024:8", ""])
def test_a_cost_that_is_none_is_refused(tmp_path: Path, cost: str) -> None:
    with pytest.raises(ValueError, match="unsupported hashing cost"):
        make_secrets(tmp_path / "secrets", users=1, scrypt_cost=cost)


def test_every_user_can_log_in_with_the_password_that_the_load_gets(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets", users=12)
    hashes = json.loads((made.folder / "users.json").read_text())
    users = json.loads(made.credentials.read_text())["users"]
    assert [user["username"] for user in users] == [f"user-{n:04}" for n in range(1, 13)]
    assert all(check_password_hash(hashes[user["username"]], user["password"]) for user in users)
    assert len({user["password"] for user in users}) == 12


def test_the_active_signing_key_is_there_and_long_enough(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets", users=1)
    ring = json.loads((made.folder / "jwt.json").read_text())
    (key,) = [key for key in ring["keys"] if key["kid"] == ring["active"]]
    assert key["alg"] == "HS256"
    assert len(base64.urlsafe_b64decode(key["k"] + "=" * (-len(key["k"]) % 4))) >= 32


def test_the_keys_are_made_that_the_modes_declare_to_sign_with(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets", users=1)
    for mode in MODES.values():
        if mode.signature:
            ring = json.loads((made.folder / mode.signature.keys).read_text())
            assert {key["alg"] for key in ring["keys"]} == {mode.signature.algorithm}
            assert new_key(mode.signature.algorithm)["alg"] == mode.signature.algorithm


def test_the_store_password_is_handed_over_but_never_printed(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets", users=1)
    assert json.loads((made.folder / "redis.json").read_text()) == {"password": made.store_password}
    assert len(made.store_password) >= 22  # 128 bits
    assert made.store_password not in repr(made)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_them_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = make_secrets(tmp_path / "secrets", users=1)
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700
    files = list(made.folder.iterdir())
    assert {file.name for file in files} == {"users.json", "jwt.json", "redis.json", "credentials.json"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)


def test_no_secret_is_made_twice(tmp_path: Path) -> None:
    one, other = make_secrets(tmp_path / "a", users=1), make_secrets(tmp_path / "b", users=1)
    for name in ("users.json", "jwt.json", "redis.json", "credentials.json"):
        assert (one.folder / name).read_text() != (other.folder / name).read_text()


def test_a_secret_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_secret(tmp_path / "jwt.json", {"active": "a"})
    write_secret(tmp_path / "jwt.json", {"active": "b"})
    assert json.loads((tmp_path / "jwt.json").read_text()) == {"active": "b"}
    assert [file.name for file in tmp_path.iterdir()] == ["jwt.json"], "no draft stays behind"


def test_no_users_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one user"):
        make_secrets(tmp_path / "secrets", users=0)
