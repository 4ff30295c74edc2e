"""faults.json and history.json: back as they were written, and damage told in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authlab.model.errors import Damaged
from authlab.model.faults import FaultEvent, Step
from authlab.model.history import Checked, Event, Recovery, Seconds, Staleness, TrialHistory, Violation
from authlab.store.history import read_faults, read_history, read_trial_history, write_faults, write_history

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
    write_faults(tmp_path, FAULTS)
    assert read_faults(tmp_path) == FAULTS
    assert json.loads((tmp_path / "faults.json").read_text())["schema"] == "authlab/faults/1"


def test_checks_come_back_with_everything_that_is_in_them(tmp_path: Path) -> None:
    write_history(tmp_path, CHECKS)
    assert read_history(tmp_path) == CHECKS
    assert json.loads((tmp_path / "history.json").read_text())["schema"] == "authlab/history/1"


def test_a_later_writing_replaces_the_earlier_one_and_leaves_no_draft(tmp_path: Path) -> None:
    write_faults(tmp_path, ())
    assert read_faults(tmp_path) == ()
    write_faults(tmp_path, FAULTS)
    assert read_faults(tmp_path) == FAULTS
    assert [file.name for file in tmp_path.iterdir()] == ["faults.json"]


def test_a_trial_without_faults_has_none_and_no_history(tmp_path: Path) -> None:
    assert read_faults(tmp_path) == ()
    assert read_history(tmp_path) == ()
    assert read_trial_history(tmp_path) is None


def test_a_trial_whose_lab_died_before_it_was_checked_has_its_faults(tmp_path: Path) -> None:
    write_faults(tmp_path, FAULTS)
    assert read_trial_history(tmp_path) == TrialHistory(FAULTS, ())


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(schema="authlab/faults/9"), "schema 'authlab/faults/9'"),
        (lambda body: body.pop("faults"), "'faults'"),
        (lambda body: body.update(faults=3), "not iterable"),
        (lambda body: body["faults"][0].pop("kind"), "kind"),
        (lambda body: body["faults"][0].update(start_ns="soon"), r"faults\[0\].start_ns is not a whole number"),
        (lambda body: body["faults"][1].update(end_ns=1.5), r"faults\[1\].end_ns is not a whole number"),
        (lambda body: body["faults"][0].update(mood="bad"), "mood"),
        (lambda body: body.update(faults=["crash"]), "mapping"),
    ],
)
def test_faults_that_are_not_as_the_lab_writes_them_are_damaged(tmp_path: Path, change: Change, said: str) -> None:
    write_faults(tmp_path, FAULTS)
    _spoil(tmp_path / "faults.json", change)
    with pytest.raises(Damaged, match=said):
        read_faults(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(schema="authlab/history/2"), "schema 'authlab/history/2'"),
        (lambda body: body["checks"][0].update(value="fine"), r"checks\[0\].value is none of passed, violated"),
        (lambda body: body["checks"][0].update(count=True), r"checks\[0\].count is not a whole number"),
        (lambda body: body["checks"][0]["violations"][0]["timeline"][0].update(lane="sky"), "lane is none of user"),
        (lambda body: body["checks"][0]["violations"][0].pop("timeline"), "timeline"),
        (lambda body: body["checks"][1].update(reasons="because"), r"reasons is no list"),
        (lambda body: body["checks"][2]["seconds"]["counts"]["ok"].append(1), "unlike length"),
        (lambda body: body["checks"][2]["staleness"].pop("at_most_ms"), "at_most_ms"),
        (lambda body: body["checks"][2]["recoveries"][0].update(failures=None), "failures is not a whole number"),
    ],
)
def test_checks_that_are_not_as_the_lab_writes_them_are_damaged(tmp_path: Path, change: Change, said: str) -> None:
    write_history(tmp_path, CHECKS)
    _spoil(tmp_path / "history.json", change)
    with pytest.raises(Damaged, match=said):
        read_history(tmp_path)


@pytest.mark.parametrize("content", ["", '{"schema": "authlab/faults/1", "faults": [', "[]", "\x00"])
def test_a_torn_file_is_damaged_and_the_sentence_names_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "faults.json").write_text(content)
    with pytest.raises(Damaged, match=r"faults\.json is damaged: .+\.$"):
        read_faults(tmp_path)


def _spoil(file: Path, change: Change) -> None:
    body = json.loads(file.read_text())
    change(body)
    file.write_text(json.dumps(body))
