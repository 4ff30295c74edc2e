"""A scenario of one's own: found by the lab, and what is wrong with its operations is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from authlab.load.scenario import library, scenario_from_word
from authlab.model.errors import UnknownName, UsageProblem
from lab_load.operations import CONTRACT, DEFAULT_MIX, Operation, Script


def test_a_plain_name_means_a_shipped_scenario() -> None:
    scenario = scenario_from_word("browse")
    assert scenario.shipped
    assert scenario.path == library() / "browse.py"


@pytest.mark.parametrize("name", ["browse", "cart", "leave"])
def test_what_is_shipped_is_found_by_its_name(name: str) -> None:
    assert scenario_from_word(name).shipped


def test_a_log_in_without_a_user_is_refused() -> None:
    assert Script("mine", sharers=0).problems() == ["sharers must be at least 1, not 0"]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'browse'"):
        scenario_from_word("brows")


def test_a_path_means_a_file_of_the_users_whose_content_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("x = 1\n")
    scenario = scenario_from_word(str(file))
    assert (scenario.name, scenario.shipped, scenario.path) == ("mine", False, file)
    before = scenario.fingerprint()
    file.write_text("x = 2\n")
    assert scenario.fingerprint() != before


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("absent.py", None, "can't be read"),
        ("torn.py", "def f(:\n", "is not Python"),
        ("nul.py", "x = '\0'\n", "is not Python"),
        ("mine.txt", "x = 1\n", "another file name"),
        ("a b.py", "x = 1\n", "another file name"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UsageProblem, match=says) as caught:
        scenario_from_word(str(tmp_path / name))
    assert caught.value.exit_code == 64


def test_the_contracts_operations_are_always_there() -> None:
    script = Script("mine", {"front": Operation("GET", "/")}, {"front": 1, "me": 2})
    assert script.operations.keys() == CONTRACT.keys() | {"front"}
    assert script.problems() == []
    assert Script("browse").mix == DEFAULT_MIX


@pytest.mark.parametrize(
    ("operations", "mix", "says"),
    [
        ({"me": Operation("GET", "/me")}, {"me": 1}, "belongs to the contract"),
        ({"a,b": Operation("GET", "/")}, {"me": 1}, "needs a name"),
        ({"front": Operation("get", "/")}, {"me": 1}, "method 'get'"),
        ({"front": Operation("GET", "front")}, {"me": 1}, "begins with /"),
        ({"front": Operation("GET", "/", status=99)}, {"me": 1}, "status 99"),
        ({}, {"front": 1}, "unknown operations: front"),
        ({}, {"login": 1}, "unknown operations: login"),
        ({}, {}, "at least one above 0"),
        ({}, {"me": -1, "cart": 3}, "0 or more"),
        ({}, {"me": float("nan")}, "at least one above 0"),
    ],
)
def test_operations_and_shares_that_make_no_sense_are_named(
    operations: Mapping[str, Operation], mix: Mapping[str, float], says: str
) -> None:
    assert any(says in problem for problem in Script("mine", operations, mix).problems())


def test_all_problems_of_a_scenario_are_told_at_once() -> None:
    script = Script("mine", {"me": Operation("GET", "/me"), "x": Operation("FLY", "y", status=1)}, {"z": 1})
    assert len(script.problems()) == 5
