"""Log-in: the right password, and nothing that tells who exists."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import pytest
from services.passwords import Users, users_of
from services.settings import Settings
from werkzeug.security import generate_password_hash

from authlab.stack.secrets import Secrets, make_secrets

PASSWORD = "correct horse battery staple"
COST = "scrypt:1024:8:1"


def test_werkzeugs_own_hashes_are_understood() -> None:
    users = users_of({"anna": generate_password_hash(PASSWORD, COST)})
    assert users.check("anna", PASSWORD)
    assert not users.check("anna", PASSWORD + " ")
    assert not users.check("anna", "")


def test_the_labs_hashes_are_understood(make_settings: Callable[..., Settings], secrets: Secrets) -> None:
    users = make_settings("memory").users
    for user in json.loads(secrets.credentials.read_bytes())["users"]:
        assert users.check(user["username"], user["password"])
        assert not users.check(user["username"], user["password"][:-1])


def test_nobody_logs_in_as_nobody() -> None:
    users = users_of({"anna": generate_password_hash(PASSWORD, COST)})
    assert not users.check("bob", PASSWORD)
    assert not users.check("", "")


@pytest.mark.parametrize("cost", ["scrypt:1024:8:1", "scrypt:4096:8:2"])
def test_an_unknown_user_costs_what_a_wrong_password_costs(cost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    costs: list[tuple[int, int, int]] = []
    scrypt = hashlib.scrypt

    def counted(password: bytes, *, n: int, r: int, p: int, **rest: object) -> bytes:
        costs.append((n, r, p))
        return scrypt(password, n=n, r=r, p=p, **rest)  # type: ignore[arg-type]

    users = users_of({"anna": generate_password_hash(PASSWORD, cost)})
    monkeypatch.setattr(hashlib, "scrypt", counted)
    users.check("anna", "guess")
    users.check("nobody", "guess")
    assert len(costs) == 2
    assert costs[0] == costs[1]


def test_an_unknown_user_takes_the_time_of_a_wrong_password() -> None:
    """CPU time of one thread, paired and interleaved; they may differ by a tenth."""
    users = users_of({"anna": generate_password_hash(PASSWORD, COST)})

    def cost_of(user: str) -> float:
        begin = time.thread_time()
        users.check(user, "guess")
        return time.thread_time() - begin

    ratios = [cost_of("anna") / cost_of("nobody") for _ in range(41)]
    assert 0.9 < statistics.median(ratios) < 1.1


def test_making_the_users_costs_no_hashing() -> None:
    expensive = {"anna": f"scrypt:1048576:8:4$saltsaltsalt${'0' * 128}"}
    begin = time.thread_time()
    Users(expensive)
    assert time.thread_time() - begin < 0.05


def test_a_user_name_is_not_a_hash_and_neither_is_a_hash_a_password(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_secrets(tmp_path_factory.mktemp("users"), users=1)
    hashes = json.loads((made.folder / "users.json").read_bytes())
    users = users_of(hashes)
    assert not users.check("user-0001", hashes["user-0001"])
