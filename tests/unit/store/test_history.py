"""faults.json, history.json and probes.json: back as they were written, and damage told in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authlab.model.errors import Damaged
from authlab.model.faults import FaultEvent, Step
from authlab.model.history import Checked, Event, Recovery, Seconds, Staleness, TrialHistory, Violation
from authlab.model.session_store import StoreProbe
from authlab.store.history import read_trial_history, write_faults, write_history, write_probes

FAULTS = (
    FaultEvent("crash-worker", "worker-2", 5_000_000_000, 6_500_000_000, "pid 4711 was gone after 12 ms"),
    FaultEvent("pause-worker", "worker-1", 7_000_000_000, None, ""),
    FaultEvent(
        "rolling-restart",
        "workers",
        8,
        30,
        "pid 7 ended",
        1.5,
        (Step("worker-1", 9, 10, 14), Step("worker-2", 20, 21, 29)),
    ),
)
CHECKS = (
    Checked(
        "no_spurious_logout",
        "violated",
        "1 of 3 requests was refused",
        checked=3,
        indeterminate=1,
        count=1,
        counts={"users": 1, "worker:worker-2": 1},
        violations=(
            Violation(
                "no_spurious_logout",
                4,
                2,
                "worker-2 refused user 4",
                (Event("user", 1, 1, "user 4 logs in"), Event("workers", 2, 3, "refused", "worker-2", "auth", "ab")),
                "worker-2",
                "unknown_session",
                "crash-worker of worker-2 began 1.000 s before",
            ),
        ),
    ),
    Checked("no_use_after_logout", "inconclusive", "nobody logged out", reasons=("nobody logged out",)),
    Checked(
        "availability",
        "passed",
        "2 of 9 requests failed",
        staleness=Staleness(12.5, None),
        recoveries=(Recovery("crash-worker", "worker-2", 2, 0, 0.5, None),),
        seconds=Seconds(5, {"ok": (4, 3), "auth": (0, 2)}),
    ),
)


def test_faults_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_faults(tmp_path, FAULTS, ["worker-1 was gone already"])
    assert read_trial_history(tmp_path) == TrialHistory(FAULTS, problems=("worker-1 was gone already",))
    assert json.loads((tmp_path / "faults.json").read_text())["schema"] == "authlab/faults/1"


def test_checks_come_back_with_everything_that_is_in_them(tmp_path: Path) -> None:
    write_history(tmp_path, CHECKS)
    assert read_trial_history(tmp_path) == TrialHistory(checks=CHECKS)
    assert json.loads((tmp_path / "history.json").read_text())["schema"] == "authlab/history/1"


def test_a_later_writing_replaces_the_earlier_one_and_leaves_no_draft(tmp_path: Path) -> None:
    write_faults(tmp_path, (), ["it never began"])
    assert read_trial_history(tmp_path) == TrialHistory(problems=("it never began",))
    write_faults(tmp_path, FAULTS)
    assert read_trial_history(tmp_path) == TrialHistory(FAULTS)
    assert [file.name for file in tmp_path.iterdir()] == ["faults.json"]


def test_a_trial_without_faults_has_none_and_no_history(tmp_path: Path) -> None:
    assert read_trial_history(tmp_path) is None


def test_a_trial_whose_lab_died_before_it_was_checked_has_its_faults(tmp_path: Path) -> None:
    write_faults(tmp_path, FAULTS)
    assert read_trial_history(tmp_path) == TrialHistory(FAULTS, ())


def test_probes_of_a_store_come_back_as_they_were_written(tmp_path: Path) -> None:
    probes = (StoreProbe((19.5, 20.0), 264), StoreProbe((18.0,), None))
    write_probes(tmp_path, probes)
    assert read_trial_history(tmp_path) == TrialHistory(probes=probes)
    assert json.loads((tmp_path / "probes.json").read_text())["schema"] == "authlab/probes/1"


def test_faults_that_were_written_before_problems_were_kept_have_none(tmp_path: Path) -> None:
    write_faults(tmp_path, FAULTS, ["late"])
    _spoil(tmp_path / "faults.json", lambda body: body.pop("problems"))
    assert read_trial_history(tmp_path) == TrialHistory(FAULTS)


def test_what_a_later_authlab_adds_is_passed_over(tmp_path: Path) -> None:
    write_faults(tmp_path, FAULTS)
    _spoil(tmp_path / "faults.json", lambda body: (body.update(mood="bad"), body["faults"][0].update(mood="bad")))
    assert read_trial_history(tmp_path) == TrialHistory(FAULTS)


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(schema="authlab/faults/9"), "schema 'authlab/faults/9'"),
        (lambda body: body.pop("faults"), "missing required field `faults`"),
        (lambda body: body.update(faults=3), r"Expected `array`, got `int` - at `\$.faults`"),
        (lambda body: body["faults"][0].pop("kind"), "missing required field `kind`"),
        (lambda body: body["faults"][0].update(start_ns="soon"), r"`int`, got `str` - at `\$.faults\[0\].start_ns`"),
        (lambda body: body["faults"][1].update(end_ns=1.5), r"got `float` - at `\$.faults\[1\].end_ns`"),
        (lambda body: body["faults"][2]["steps"][1].pop("gone_ns"), r"`gone_ns` - at `\$.faults\[2\].steps\[1\]`"),
        (lambda body: body.update(faults=["crash"]), r"Expected `object`, got `str` - at `\$.faults\[0\]`"),
        (lambda body: body.update(problems="late"), r"Expected `array`, got `str` - at `\$.problems`"),
    ],
)
def test_faults_that_are_not_as_the_lab_writes_them_are_damaged(tmp_path: Path, change: Change, said: str) -> None:
    write_faults(tmp_path, FAULTS)
    _spoil(tmp_path / "faults.json", change)
    with pytest.raises(Damaged, match=said):
        read_trial_history(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(schema="authlab/history/2"), "schema 'authlab/history/2'"),
        (lambda body: body["checks"][0].update(value="fine"), r"Invalid enum value 'fine' - at `\$.checks\[0\].value`"),
        (lambda body: body["checks"][0].update(count=True), r"Expected `int`, got `bool` - at `\$.checks\[0\].count`"),
        (
            lambda body: body["checks"][0]["violations"][0]["timeline"][0].update(lane="sky"),
            r"'sky' - at `.+lane`",
        ),
        (lambda body: body["checks"][0]["violations"][0].pop("timeline"), "timeline"),
        (
            lambda body: body["checks"][1].update(reasons="because"),
            r"got `str` - at `\$.checks\[1\].reasons`",
        ),
        (lambda body: body["checks"][2]["seconds"]["counts"]["ok"].append(1), "different length"),
        (lambda body: body["checks"][2]["staleness"].pop("at_most_ms"), "at_most_ms"),
        (
            lambda body: body["checks"][2]["recoveries"][0].update(failures=None),
            r"got `null` - at `.+failures`",
        ),
    ],
)
def test_checks_that_are_not_as_the_lab_writes_them_are_damaged(tmp_path: Path, change: Change, said: str) -> None:
    write_history(tmp_path, CHECKS)
    _spoil(tmp_path / "history.json", change)
    with pytest.raises(Damaged, match=said):
        read_trial_history(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(schema="authlab/probes/2"), "schema 'authlab/probes/2'"),
        (
            lambda body: body["probes"][0].update(calls_us=["fast"]),
            r"got `str` - at `.+calls_us\[0\]`",
        ),
        (lambda body: body["probes"][0].pop("aof_bytes"), "missing required field `aof_bytes`"),
    ],
)
def test_probes_that_are_not_as_the_lab_writes_them_are_damaged(tmp_path: Path, change: Change, said: str) -> None:
    write_probes(tmp_path, [StoreProbe((19.5,), None)])
    _spoil(tmp_path / "probes.json", change)
    with pytest.raises(Damaged, match=said):
        read_trial_history(tmp_path)


@pytest.mark.parametrize("content", ["", '{"schema": "authlab/faults/1", "faults": [', "[]", "\x00"])
def test_a_torn_file_is_damaged_and_the_sentence_names_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "faults.json").write_text(content)
    with pytest.raises(Damaged, match=r"faults\.json is damaged: .+\.$"):
        read_trial_history(tmp_path)


def _spoil(file: Path, change: Change) -> None:
    body = json.loads(file.read_text())
    change(body)
    file.write_text(json.dumps(body))
