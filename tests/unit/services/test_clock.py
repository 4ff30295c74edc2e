"""A worker whose clock is off: what it issues and what it believes goes by its own clock. And keys of its own."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from services import base64url
from services.app import create_app
from services.clock import ahead, offsets_of
from services.documents import Unusable
from services.settings import Settings, SettingsError, settings_from
from services.states import module_of
from werkzeug.test import Client

from authlab.model.mode import LEEWAY_S
from authlab.stack.secrets import Secrets
from tests.unit.services.declared import DECLARED, SIGNED
from tests.unit.services.service import credential_in, reason

Make = Callable[..., Client]


@pytest.fixture
def folder(tmp_path: Path, secrets: Secrets) -> Path:
    """A folder of secrets that a test may add to."""
    place = tmp_path / "secrets"
    shutil.copytree(secrets.folder, place)
    return place


def settings_of(folder: Path, state: str, **environment: str) -> Settings:
    """Settings of a worker that reads that folder."""
    return settings_from({"AUTHLAB_STATE": state, "AUTHLAB_SECRETS": str(folder), **environment})


def worker(folder: Path, name: str, state: str, **environment: str) -> Client:
    """A client of a worker of that name, on the real clock."""
    settings = settings_of(folder, state, AUTHLAB_WORKER=name, **environment)
    return create_app(settings).test_client(use_cookies=False)


def log_in(client: Client, folder: Path) -> dict[str, str]:
    """The credential of a new log-in."""
    user = json.loads((folder / "credentials.json").read_bytes())["users"][0]
    answer = client.post("/login", json=user)
    assert answer.status_code == 200, answer.text
    return credential_in(answer)


def skew(folder: Path, **seconds: float) -> None:
    (folder / "clock.json").write_text(json.dumps({name.replace("_", "-"): s for name, s in seconds.items()}))


def test_without_the_file_every_clock_is_right(folder: Path) -> None:
    assert settings_of(folder, "memory", AUTHLAB_WORKER="worker-2").clock_ahead_s == 0


def test_a_worker_that_is_not_in_the_file_is_right_and_the_others_are_off(folder: Path) -> None:
    skew(folder, worker_2=5.5, worker_3=-4)
    found = [settings_of(folder, "memory", AUTHLAB_WORKER=f"worker-{n}").clock_ahead_s for n in (1, 2, 3)]
    assert found == [0, 5.5, -4]


def test_all_processes_of_a_worker_have_its_clock(folder: Path) -> None:
    skew(folder, worker_2=5.5)
    more = {"AUTHLAB_WORKER": "worker-2.p3", "AUTHLAB_PROCESSES": "4"}
    assert settings_of(folder, "memory", **more).clock_ahead_s == 5.5
    assert settings_of(folder, "memory", AUTHLAB_WORKER="worker-2.p3").clock_ahead_s == 0, "its whole name"


def test_a_clock_that_is_right_costs_nothing() -> None:
    assert ahead(time.time, 0) is time.time
    assert ahead(lambda: 10.0, -3)() == 7.0


@pytest.mark.parametrize(
    "document", [[], {"worker-1": "5"}, {"worker-1": True}, {"worker-1": float("nan")}, {"a": 1, "b": 1e9}, {"a": None}]
)
def test_what_is_no_offset_is_refused(document: object) -> None:
    with pytest.raises(Unusable):
        offsets_of(document)


def test_a_bad_file_is_told_with_all_other_problems(folder: Path) -> None:
    (folder / "clock.json").write_text('{"worker-1": "fast"}')
    (folder / "jwt.worker-1.json").write_text("{")
    with pytest.raises(SettingsError) as wrong:
        settings_of(folder, "jwt", AUTHLAB_WORKER="worker-1", AUTHLAB_THREADS="0", AUTHLAB_PROCESSES="65")
    told = "\n".join(wrong.value.problems)
    assert len(wrong.value.problems) == 4
    assert f"{folder / 'clock.json'} is not usable: the offset of 'worker-1'" in told
    assert f"{folder / 'jwt.worker-1.json'} is not JSON" in told
    assert "AUTHLAB_PROCESSES is '65'; it must be a whole number from 1 to 64" in told


OWN_CLOCK = [state for state in SIGNED if (signature := DECLARED[state].signature) and signature.own_clock]


@pytest.mark.parametrize("state", OWN_CLOCK)
def test_a_token_from_the_future_is_refused_until_it_is_the_present(folder: Path, state: str) -> None:
    skew(folder, worker_2=5)
    right, ahead_of_it = worker(folder, "worker-1", state), worker(folder, "worker-2", state)
    fresh = log_in(ahead_of_it, folder)
    assert reason(right.get("/me", headers=fresh)) == (401, "not_yet_valid")
    assert ahead_of_it.get("/me", headers=fresh).status_code == 200
    tolerant = worker(folder, "worker-1", state, AUTHLAB_LEEWAY_S="6")
    assert tolerant.get("/me", headers=fresh).status_code == 200


@pytest.mark.parametrize("off_s", [-1.9, -0.5, 0.5, 1.9])
@pytest.mark.parametrize("state", OWN_CLOCK)
def test_a_worker_whose_clock_is_a_little_off_refuses_no_fresh_token_and_ends_none_early(
    folder: Path, state: str, off_s: float
) -> None:
    """By the default leeway, in whichever part of a second the token was issued."""
    now = 1_800_000_000.0
    skew(folder, worker_2=off_s)
    right, off = (
        create_app(settings, module_of(state).build(settings, lambda: now)).test_client(use_cookies=False)
        for settings in (settings_of(folder, state, AUTHLAB_WORKER=f"worker-{n}") for n in (1, 2))
    )
    for issuer, other in ((right, off), (off, right)):
        for phase in range(5):
            now = 1_800_000_000 + phase / 5
            token = log_in(issuer, folder)
            assert other.get("/me", headers=token).status_code == 200
            now += 3599.0
            assert other.get("/me", headers=token).status_code == 200
            now += 6.0
            assert reason(other.get("/me", headers=token)) == (401, "expired")


def test_the_lab_knows_the_default_leeway(folder: Path) -> None:
    assert settings_of(folder, "jwt").leeway_s == LEEWAY_S


@pytest.mark.parametrize("state", [state for state in SIGNED if state not in OWN_CLOCK])
def test_a_library_that_reads_the_systems_clock_does_not_follow_the_services(folder: Path, state: str) -> None:
    skew(folder, worker_2=5)
    right, ahead_of_it = worker(folder, "worker-1", state), worker(folder, "worker-2", state)
    assert right.get("/me", headers=log_in(ahead_of_it, folder)).status_code == 200


def test_a_worker_that_is_ahead_ends_others_tokens_early_and_one_behind_late(folder: Path) -> None:
    skew(folder, worker_2=30, worker_3=-30)
    right, early, late = (worker(folder, f"worker-{n}", "jwt", AUTHLAB_TOKEN_TTL_S="20") for n in (1, 2, 3))
    token = log_in(right, folder)
    assert reason(early.get("/me", headers=token)) == (401, "expired")
    assert reason(late.get("/me", headers=token)) == (401, "not_yet_valid")
    assert reason(right.get("/me", headers=log_in(late, folder))) == (401, "expired")


def test_sessions_in_memory_do_not_mind_for_only_their_own_worker_reads_the_clock(folder: Path) -> None:
    skew(folder, worker_2=-31_000_000)
    far_off = worker(folder, "worker-2", "memory")
    session = log_in(far_off, folder)
    assert far_off.get("/me", headers=session).status_code == 200


@pytest.mark.stack
def test_the_absolute_end_in_redis_goes_by_the_clock_of_the_worker_that_is_asked(
    folder: Path, make_settings: Callable[..., Settings]
) -> None:
    port = str(make_settings("redis").redis.port)  # type: ignore[union-attr]
    skew(folder, worker_2=30)
    more = {"AUTHLAB_REDIS_PORT": port, "AUTHLAB_REDIS_PREFIX": "skew:", "AUTHLAB_SESSION_ABSOLUTE_S": "20"}
    right, early = (worker(folder, f"worker-{n}", "redis", **more) for n in (1, 2))
    session = log_in(right, folder)
    assert right.get("/me", headers=session).status_code == 200
    assert reason(early.get("/me", headers=session)) == (401, "expired")
    assert reason(right.get("/me", headers=session)) == (401, "unknown_session"), "it was removed"


def test_a_workers_own_keys_win_over_the_common_ones(folder: Path) -> None:
    common = json.loads((folder / "jwt.json").read_bytes())
    new = {"kid": "new", "alg": "HS256", "k": base64url.encode(bytes(range(32)))}
    (folder / "jwt.worker-2.json").write_text(json.dumps({"active": "new", "keys": [*common["keys"], new]}))
    old, rotated = worker(folder, "worker-1", "jwt"), worker(folder, "worker-2", "jwt")
    by_old, by_rotated = log_in(old, folder), log_in(rotated, folder)
    assert rotated.get("/me", headers=by_old).status_code == 200, "it knows both keys"
    assert reason(old.get("/me", headers=by_rotated)) == (401, "bad_signature"), "which the other does not"
    process = worker(folder, "worker-2.p7", "jwt", AUTHLAB_PROCESSES="2")
    assert process.get("/me", headers=by_rotated).status_code == 200, "nor is it each process's affair"
