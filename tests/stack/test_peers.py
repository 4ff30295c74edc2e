"""The applications that the benchmarks compare with keep the contract too: else their figures would mean nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.client import Client

BENCH = Path(__file__).resolve().parents[1] / "bench"
PEERS = ("flask-session",)

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def stood(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The peers and `bare`, each as the benchmark stands it up: one worker under the service's gunicorn settings."""
    # tests/bench is a folder of scripts, not a package
    sys.path.insert(0, str(BENCH))
    try:
        import subjects
    finally:
        sys.path.remove(str(BENCH))
    chosen = {subject.name: subject for subject in (subjects.BARE, *subjects.PEERS)}
    with subjects.standing(chosen, tmp_path_factory.mktemp("peers"), users=2) as standing:
        yield standing


@pytest.fixture
def people(stood: Any) -> list[tuple[str, str]]:
    """Who may log in."""
    return [(user["username"], user["password"]) for user in json.loads(stood.credentials.read_text())["users"]]


def client_of(stood: Any, name: str) -> Client:
    """Somebody new, at the worker of a peer."""
    return Client(f"http://127.0.0.1:{stood.workers[name].port}")


@pytest.mark.parametrize("name", [*PEERS, "bare"])
def test_a_log_in_is_known_again_and_its_cart_kept(stood: Any, people: list[tuple[str, str]], name: str) -> None:
    client = client_of(stood, name)
    user, password = people[0]
    assert client.log_in(user, password).json["user"] == user
    assert client.get("/me").json == {"user": user}
    assert client.get("/cart").json == {"user": user, "cart": {}}
    assert client.add("i1").json["cart"] == {"i1": 1}
    assert client.add("i1", 2).json["cart"] == {"i1": 3}
    answer = client.get("/cart")
    assert answer.json == {"user": user, "cart": {"i1": 3}}
    assert answer.worker == name
    assert name == "bare" or answer.headers["cache-control"] == "no-store"
    assert client.post("/logout").status == 204


@pytest.mark.parametrize("name", PEERS)
def test_two_users_are_never_mixed_up(stood: Any, people: list[tuple[str, str]], name: str) -> None:
    clients = []
    for user, password in people:
        client = client_of(stood, name)
        assert client.log_in(user, password).status == 200
        assert client.add(f"of-{user}").status == 200
        clients.append((user, client))
    for user, client in clients:
        assert client.get("/cart").json == {"user": user, "cart": {f"of-{user}": 1}}


@pytest.mark.parametrize("name", PEERS)
def test_a_wrong_password_and_a_missing_credential_are_refused(
    stood: Any, people: list[tuple[str, str]], name: str
) -> None:
    client = client_of(stood, name)
    wrong = client.log_in(people[0][0], "wrong")
    assert (wrong.status, wrong.reason) == (401, "bad_credentials")
    assert client.log_in("nobody", "wrong").json == wrong.json
    for method, path in (("GET", "/me"), ("GET", "/cart"), ("POST", "/logout")):
        answer = client.ask(method, path)
        assert (answer.status, answer.reason) == (401, "missing")


def test_a_session_of_flask_session_ends_with_the_log_out(stood: Any, people: list[tuple[str, str]]) -> None:
    client = client_of(stood, "flask-session")
    client.log_in(*people[0])
    kept = client.at(client.url)
    assert client.post("/logout").status == 204
    answer = kept.get("/me")
    assert (answer.status, answer.reason) == (401, "unknown_session")


def test_flask_session_gives_a_new_session_id_at_each_log_in(stood: Any, people: list[tuple[str, str]]) -> None:
    client = client_of(stood, "flask-session")
    client.log_in(*people[0])
    first = client.at(client.url)
    client.log_in(*people[1])
    assert client.credential() != first.credential()
    assert first.get("/me").reason == "unknown_session"
