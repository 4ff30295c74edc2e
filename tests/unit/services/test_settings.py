"""Settings: every problem at once, a status that says so, and no secret in any message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from services.settings import Settings, SettingsError, settings_from
from services.states import STATES, needs_of

from authlab.host.content import content_root
from authlab.stack.secrets import Secrets
from tests.unit.services.declared import ALL, DECLARED, SIGNED

SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ"


def problems_of(**environment: str) -> list[str]:
    """What is wrong with an environment."""
    with pytest.raises(SettingsError) as wrong:
        settings_from(environment)
    return wrong.value.problems


def test_every_file_of_a_state_is_one_and_a_mode_keeps_it() -> None:
    files = {path.stem for path in (content_root() / "services" / "states").glob("*.py")}
    assert files - {"__init__", "protocol"} == set(STATES) == set(ALL)


def test_a_state_needs_of_the_settings_what_its_mode_declares() -> None:
    for state in STATES:
        declared = {"keys": DECLARED[state].signs_tokens, "store": DECLARED[state].needs_store}
        assert set(needs_of(state)) == {need for need, wanted in declared.items() if wanted}


def test_the_defaults_are_those_of_the_interface(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings("memory")
    assert (settings.session_idle_s, settings.session_absolute_s, settings.token_ttl_s) == (1800, 43200, 3600)
    assert (settings.max_sessions, settings.threads, settings.leeway_s, settings.tls) == (200_000, 8, 2, False)
    assert settings.redis is None
    assert settings.keyring is None


def test_all_problems_are_told_at_once() -> None:
    told = problems_of(
        AUTHLAB_STATE="jtw",
        AUTHLAB_WORKER="worker 1\r\nX-Evil: 1",
        AUTHLAB_SESSION_IDLE_S="0",
        AUTHLAB_SESSION_ABSOLUTE_S="soon",
        AUTHLAB_TOKEN_TTL_S="-1",
        AUTHLAB_MAX_SESSIONS="1e5",
        AUTHLAB_THREADS="0",
        AUTHLAB_SILENT_S="0",
        AUTHLAB_TLS="yes",
        AUTHLAB_LEEWAY_S="9999",
        AUTHLAB_ORIGINS="https://a.test,*",
    )
    text = "\n".join(told)
    numbers = ("IDLE_S", "ABSOLUTE_S", "TTL_S", "MAX_SESSIONS", "THREADS", "SILENT_S", "LEEWAY_S")
    for name in ("STATE", "WORKER", "TLS", *numbers):
        assert f"{name} is" in text
    assert "AUTHLAB_SECRETS is not set" in text
    assert "AUTHLAB_ORIGINS has '*'" in text
    assert len(told) == 12


@pytest.mark.parametrize("text", ["0", "0.001", "61", "-1", "1e-1", "soon", "", ".5", "nan"])
def test_a_time_limit_for_the_store_that_cannot_be_meant_is_refused(text: str) -> None:
    told = "\n".join(problems_of(AUTHLAB_STATE="redis", AUTHLAB_STORE_TIMEOUT_S=text))
    assert f"AUTHLAB_STORE_TIMEOUT_S is {text!r}; it must be a number of seconds from 0.01 to 60" in told


def test_the_time_limit_for_the_store_is_a_setting(make_settings: Callable[..., Settings]) -> None:
    for text, seconds in (("0.5", 0.5), ("2", 2.0), ("0.01", 0.01)):
        redis = make_settings("redis", AUTHLAB_REDIS_PORT="1", AUTHLAB_STORE_TIMEOUT_S=text).redis
        assert redis is not None
        assert redis.timeout_s == seconds


def test_origins_are_those_that_a_browser_could_send(make_settings: Callable[..., Settings]) -> None:
    given = "https://shop.example, http://localhost:5173,http://127.0.0.1,https://[::1]:8443"
    assert make_settings("memory", AUTHLAB_ORIGINS=given).origins == {
        *("https://shop.example", "http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443")
    }
    assert make_settings("memory").origins == make_settings("memory", AUTHLAB_ORIGINS="").origins == frozenset()


@pytest.mark.parametrize(
    "wrong",
    ["*", "null", "shop.example", "https://shop.example/", "https://Shop.example", "https://*.example", "ftp://a.test",
     "https://a.test https://b.test", "https://u@a.test", "https://", "https://a.test:", "https://a.\ntest", ",", " "],
)  # fmt: skip
def test_an_origin_that_no_browser_sends_is_refused(secrets: Secrets, wrong: str) -> None:
    environment = {"AUTHLAB_STATE": "memory", "AUTHLAB_SECRETS": str(secrets.folder)}
    (problem,) = problems_of(**environment, AUTHLAB_ORIGINS=wrong)
    assert problem.startswith("AUTHLAB_ORIGINS has")


@pytest.mark.parametrize(
    ("state", "name", "text", "expected"),
    [
        ("memory", "users.json", None, "can't be read"),
        ("memory", "users.json", "{", "is not JSON"),
        ("memory", "users.json", "[" * 100_000, "is not JSON"),
        ("memory", "users.json", "[]", "with at least one user"),
        ("memory", "users.json", "{}", "with at least one user"),
        ("memory", "users.json", '{"a b": "x"}', "is not a user name"),
        ("memory", "users.json", json.dumps({"a": SECRET}), "scrypt"),
        ("memory", "users.json", '{"a": 1}', "scrypt"),
        (
            "memory",
            "users.json",
            json.dumps({"a": f"scrypt:1024:8:1$saltsalt${'a' * 128}", "b": f"scrypt:2048:8:1$saltsalt${'a' * 128}"}),
            "differ in cost",
        ),
        *((state, "jwt.json", None, "can't be read") for state in SIGNED),
        ("jwt", "jwt.json", "[]", "expected"),
        ("jwt", "jwt.json", '{"keys": [1]}', "key 1: not an object"),
        ("jwt", "jwt.json", json.dumps({"active": "a", "keys": []}), "`active`"),
        ("jwt", "jwt.json", json.dumps({"active": "a", "keys": [{"kid": "a", "alg": "HS256", "k": SECRET}]}), "32"),
        ("jwt", "jwt.json", json.dumps({"active": "a", "keys": [{"kid": "a", "alg": "none", "k": SECRET}]}), "`alg`"),
        ("jwt", "jwt.json", json.dumps({"active": "a", "keys": [{"kid": "", "alg": "HS256", "k": SECRET}]}), "`kid`"),
        ("jwt", "jwt.json", json.dumps({"active": "a", "keys": [{"kid": "a", "alg": "HS256", "k": "%"}]}), "`k`"),
        ("redis", "redis.json", None, "can't be read"),
        ("redis", "redis.json", "[]", "expected"),
        ("redis", "redis.json", '{"password": 1}', "`password`"),
    ],
)
def test_a_file_of_secrets_that_is_not_usable_is_named(
    tmp_path: Path, secrets: Secrets, state: str, name: str, text: str | None, expected: str
) -> None:
    for file in secrets.folder.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_text(text)
    (problem,) = problems_of(AUTHLAB_STATE=state, AUTHLAB_SECRETS=str(tmp_path))
    assert str(tmp_path / name) in problem
    assert expected in problem
    assert SECRET not in problem


def test_two_keys_of_one_kid_are_refused(tmp_path: Path, secrets: Secrets) -> None:
    document = json.loads((secrets.folder / "jwt.json").read_bytes())
    document["keys"] *= 2
    (tmp_path / "users.json").write_bytes((secrets.folder / "users.json").read_bytes())
    (tmp_path / "jwt.json").write_text(json.dumps(document))
    (problem,) = problems_of(AUTHLAB_STATE="jwt", AUTHLAB_SECRETS=str(tmp_path))
    assert "occurs twice" in problem


def test_no_secret_is_in_what_the_settings_print(make_settings: Callable[..., Settings], secrets: Secrets) -> None:
    for state in STATES:
        printed = repr(make_settings(state, AUTHLAB_REDIS_PORT="1"))
        assert secrets.store_password not in printed
        assert json.loads((secrets.folder / "jwt.json").read_bytes())["keys"][0]["k"] not in printed
        assert "scrypt" not in printed


def test_a_start_that_fails_tells_why_and_ends_with_78() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "services/gunicorn_conf.py", "services.wsgi:app"],
        cwd=content_root(),
        env={"PATH": os.defpath, "AUTHLAB_STATE": "jtw", "AUTHLAB_BIND": "127.0.0.1:0", "AUTHLAB_THREADS": "x"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 78, done.stderr
    assert "AUTHLAB_STATE is 'jtw'" in done.stderr
    assert "AUTHLAB_THREADS is 'x'" in done.stderr
    assert "AUTHLAB_SECRETS is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("state", ALL)
def test_a_start_pays_only_for_its_own_mode(secrets: Secrets, state: str) -> None:
    mode = DECLARED[state]
    absent = {
        *(() if mode.needs_store else ("redis",)),
        *(() if mode.signs_tokens else ("jwt",)),
        *(() if mode.needs_store or mode.signs_tokens else ("cryptography",)),
    }
    script = "import services.wsgi, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=content_root(),
        env={"PATH": os.defpath, "AUTHLAB_STATE": state, "AUTHLAB_SECRETS": str(secrets.folder)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert not absent & set(done.stdout.split())


def test_the_service_imports_nothing_of_the_lab() -> None:
    allowed = {"services", "flask", "werkzeug", "gunicorn", "redis", "jwt", "_typeshed"}
    allowed |= {"flask_session", "flask_jwt_extended"}
    for file in (content_root() / "services").rglob("*.py"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and line == line.lstrip():
                package = words[1].split(".")[0]
                assert package in allowed or package in sys.stdlib_module_names, f"{file.name}: {line}"
