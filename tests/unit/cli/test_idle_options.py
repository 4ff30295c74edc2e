"""Options that would do nothing are refused, and the message says where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from authlab.model.errors import Unavailable
from tests.unit.cli.calling import call


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def would_run(*_arguments: object, **_more: object) -> None:
        raise Unavailable("it would run")

    monkeypatch.setattr("authlab.lab.run.run_experiments", would_run)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            "worker-crash --for 10s --blocks 3",
            [
                "--for does nothing in worker-crash: leave it out; it belongs to three-modes",
                "--blocks does nothing in worker-crash: leave it out; it belongs to three-modes",
            ],
        ),
        ("three-modes --repeat 3", ["--repeat does nothing in three-modes: leave it out; it belongs to faults"]),
        ("--repeat 2", ["--repeat does nothing in three-modes"]),
        ("faults --blocks 3", ["--blocks does nothing in faults: leave it out; it belongs to three-modes"]),
        ("faults --slice 1s", ["--slice does nothing in faults: leave it out; it belongs to three-modes"]),
        ("--fault crash-worker@2s --slice 1s", ["--slice does nothing in --fault"]),
        ("--fault crash-worker@2s --blocks 5", ["--blocks does nothing in --fault"]),
        ("worker-crash --quick --repeat 1", ["--quick does nothing beside the other options"]),
        ("worker-crash --quick --repeat 3", ["--quick does nothing beside the other options"]),
        ("--for 10m --blocks 30", ["--for does nothing beside the other options"]),
        ("new-servers-lack-state --users 10", ["--users does nothing in new-servers-lack-state"]),
        ("round-robin-breaks-memory --workers 5", ["--workers does nothing in round-robin-breaks-memory"]),
        ("round-robin-breaks-memory --slice 1s", ["it belongs to three-modes"]),
        ("prefork-trap --workers 5", ["--workers does nothing in prefork-trap"]),
        ("storm-metastable --rate 50", ["--rate does nothing in storm-metastable"]),
        ("logout-takes-effect --scenario cart", ["--scenario does nothing in logout-takes-effect"]),
        ("browser --users 5 --quick", ["--users does nothing in browser", "--quick does nothing in browser"]),
        ("xss-rides-session --mode jwt", ["--mode does nothing in xss-rides-session"]),
        ("browser --stack local", ["--stack does nothing in browser: it starts no stack"]),
    ],
)
def test_an_option_that_changes_nothing_is_refused(
    arguments: str, says: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("run", *arguments.split()) == 64
    said = capsys.readouterr().err
    for part in says:
        assert part in said


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "--workers 3 --users 50 --rate 300 --slice 0.25s --seed 1",  # the defaults, given
        "--for 5s",  # less than it takes at least
        "--mode memory --mode sticky --mode redis --mode jwt",
        "--scenario browse",
        "--blocks 30 --slice 0.5s",
        "--quick --blocks 3",  # few blocks are one round either way
        "redis-latency --repeat 1 --quick --users 20",
        "redis-latency --repeat 1",
        "faults --repeat 3 --workers 4 --mode jwt",
        "three-modes worker-crash --blocks 3",  # one of them heeds it
        "round-robin-breaks-memory --for 2m --mode memory",
        "all --blocks 3 --repeat 1",
        "--fault crash-worker@2s --for 20s --repeat 1",
        "login-storm --rate 100",
        "browser --seed 3 --plain",
    ],
)
def test_options_that_matter_to_one_of_the_experiments_pass(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", *arguments.split()) == 69, capsys.readouterr().err
