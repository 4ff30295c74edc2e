"""The options: all problems are told at once, and no password ever is."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest

from lab_load.operations import Script
from lab_load.settings import BadSettings, Settings, settings_from

HOST = "http://127.0.0.1:8080"


def options(tmp_path: Path, **changes: object) -> argparse.Namespace:
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps({"users": [{"username": "user-0001", "password": "hunter2"}]}))
    given = {
        "credentials": str(credentials),
        "rate": "50",
        "seed": "1",
        "timeout_s": "5",
        "relogin": "never",
        "addresses": "one",
        "sharers": "",
        "recording": "",
        "mode": "",
        "workers_behind": "",
        "plan": "",
        "num_users": 1,
    }
    return argparse.Namespace(**(given | changes))


def check(tmp_path: Path, host: str | None = HOST, **changes: object) -> Settings:
    return settings_from(options(tmp_path, **changes), host, leads=True, scripts=[Script("browse")])


def test_good_options_become_settings(tmp_path: Path) -> None:
    settings = check(tmp_path, rate="12.5", relogin="once")
    assert settings.accounts == (("user-0001", "hunter2"),)
    assert (settings.rate_rps, settings.relogin, settings.plan) == (12.5, "once", None)
    assert (settings.sharers_of(Script("browse")), settings.addresses) == (1, False)
    assert check(tmp_path, addresses="own").addresses is True


def test_users_log_in_again_and_share_log_ins_as_they_are_told(tmp_path: Path) -> None:
    settings = check(tmp_path, relogin="always", sharers="3")
    assert (settings.relogin, settings.sharers) == ("always", 3)
    script = Script("cart", sharers=2)
    pairs = settings_from(options(tmp_path), HOST, leads=True, scripts=[script])
    assert pairs.sharers_of(script) == 2, "the scenario's own number"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as caught:
        check(tmp_path, None, credentials="", rate="-3", seed="x", timeout_s="nan", relogin="ever", plan="nowhere.json")
    said = str(caught.value)
    for word in ("--host", "--credentials", "--rate", "--seed", "--timeout-s", "--relogin", "nowhere.json"):
        assert word in said
    assert len(caught.value.problems) == 7


def test_the_mode_and_its_workers_are_kept_where_they_are_known(tmp_path: Path) -> None:
    named = check(tmp_path, mode="jwt-denylist", workers_behind="4")
    assert (named.mode, named.workers_behind) == ("jwt-denylist", 4)
    unnamed = check(tmp_path)
    assert (unnamed.mode, unnamed.workers_behind) == (None, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mode": "a,b"}, "--mode must be"),
        ({"workers_behind": "0"}, "--workers-behind"),
        ({"workers_behind": "x"}, "x"),
        ({"sharers": "0"}, "--sharers"),
        ({"addresses": "many"}, "--addresses must be one of one, own"),
        ({"seed": "-1"}, "--seed must not be negative"),
    ],
)
def test_a_mode_or_number_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        check(tmp_path, **changes)


@pytest.mark.parametrize("rate", ["0", "-1", "inf", "nan", "fast", ""])
def test_a_rate_that_is_not_positive_is_refused(tmp_path: Path, rate: str) -> None:
    with pytest.raises(BadSettings, match="--rate must be a positive number"):
        check(tmp_path, rate=rate)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1:8080", "must be like"),
        ("localhost", "must be like"),
        ("//h:1", "must be like"),
        ("ftp://h", "must be like"),
        ("http://", "must be like"),
        ("http://:8080", "must be like"),
        ("http://h:port", "is not like"),
        ("http://h:99999", "is not like"),
        ("http://h:0", "must be like"),
        ("http://[::1", "is not like"),
        ("http://a..b", "must be like"),
        ("http://h/?page=1", "no query"),
        ("http://h/api?", "no query"),
        ("http://h/#me", "no fragment"),
        ("http://h/api/../v1", "has a path"),
        ("http://h//api", "has a path"),
        ("http://h/%zz", "has a path"),
        ("http://h/a b", "has a character"),
        ("http://hé", "has a character"),
        ("http://h/\n", "has a character"),
    ],
)
def test_a_host_that_no_request_can_be_sent_to_is_refused_with_the_reason(tmp_path: Path, host: str, said: str) -> None:
    with pytest.raises(BadSettings, match=re.escape(said)) as caught:
        check(tmp_path, host)
    assert len(caught.value.problems) == 1


def test_a_password_in_the_host_is_refused_and_never_repeated(tmp_path: Path) -> None:
    for host in ("http://anna:hunter2@h", "http://hunter2@h/?a", "http://anna:hunter2@h:port"):
        with pytest.raises(BadSettings) as caught:
            check(tmp_path, host)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("HTTP://LocalHost:80/api/v1", "http://localhost/api/v1"),
        ("https://shop.example/api/v1/", "https://shop.example/api/v1"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_a_path_in_the_host_comes_before_each_requests_path(tmp_path: Path, host: str, base: str) -> None:
    assert check(tmp_path, host).site.base == base


def test_two_files_may_not_hold_scenarios_of_one_name(tmp_path: Path) -> None:
    for one, other in (
        (Script("mine", module="a"), Script("mine", module="b")),
        (Script("mine", module="a"), Script("other", module="a", file="elsewhere/a.py")),
    ):
        with pytest.raises(BadSettings, match="rename one of them"):
            settings_from(options(tmp_path), HOST, leads=True, scripts=[one, other])


def test_the_shares_of_several_scenarios_are_told_apart(tmp_path: Path) -> None:
    scripts = [Script("browse", mix={"me": 1}), Script("leave", mix={"me": 2})]
    settings = settings_from(options(tmp_path), HOST, leads=True, scripts=scripts)
    assert settings.mix == {"browse: me": 1, "leave: me": 2}
    assert [settings.mix_of(script) for script in scripts] == [{"me": 1}, {"me": 2}]


def test_a_damaged_credentials_file_is_refused_without_quoting_it(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"users": [{"username": "u", "passwort": "hunter2"}]}')
    with pytest.raises(BadSettings) as caught:
        check(tmp_path, credentials=str(bad))
    assert "does not hold credentials" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_plan_for_another_number_of_users_is_refused(tmp_path: Path) -> None:
    from authlab.load import LoadPlan, Window

    plan = tmp_path / "plan.json"
    plan.write_text(LoadPlan(1, 5, (Window(0, 0, 5, 1.0, 1),)).to_json(tmp_path / "go"))
    with pytest.raises(BadSettings, match="for 5 users, but -u asks for 1"):
        check(tmp_path, plan=str(plan))
    assert check(tmp_path, plan=str(plan), num_users=5).plan is not None


def test_a_plan_whose_credential_travels_in_no_known_way_is_refused(tmp_path: Path) -> None:
    from authlab.load import LoadPlan, Window

    plan = tmp_path / "plan.json"
    body = json.loads(LoadPlan(1, 1, (Window(0, 0, 5, 1.0, 1),)).to_json(tmp_path / "go"))
    plan.write_text(json.dumps({**body, "credential": "pigeon"}))
    with pytest.raises(BadSettings, match=r"credential must be one of header, .*answer, not 'pigeon'"):
        check(tmp_path, plan=str(plan))


def test_a_recording_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text("{}")
    with pytest.raises(BadSettings, match="exists already"):
        check(tmp_path, recording=str(tmp_path))
