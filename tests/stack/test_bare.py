"""The bare application that the benchmarks compare with does the same work as the service: else ratios would mean
nothing. (Its other peers are modes, which the contract suite holds to the contract.)"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.client import Client

BENCH = Path(__file__).resolve().parents[1] / "bench"

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stood(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`bare` as the benchmark stands it up: one worker under the service's gunicorn settings."""
    # tests/bench is a folder of scripts, not a package
    sys.path.insert(0, str(BENCH))
    try:
        import subjects
    finally:
        sys.path.remove(str(BENCH))
    with subjects.standing({"bare": subjects.BARE}, tmp_path_factory.mktemp("bare"), users=2) as standing:
        yield standing


def test_a_log_in_is_known_again_and_its_cart_kept(stood: Any) -> None:
    user, password = next((u["username"], u["password"]) for u in json.loads(stood.credentials.read_text())["users"])
    client = Client(f"http://127.0.0.1:{stood.workers['bare'].port}")
    assert client.log_in(user, password).json["user"] == user
    assert client.get("/me").json == {"user": user}
    assert client.get("/cart").json == {"user": user, "cart": {}}
    assert client.add("i1").json["cart"] == {"i1": 1}
    assert client.add("i1", 2).json["cart"] == {"i1": 3}
    answer = client.get("/cart")
    assert answer.json == {"user": user, "cart": {"i1": 3}}
    assert answer.worker == "bare"
    assert client.post("/logout").status == 204
