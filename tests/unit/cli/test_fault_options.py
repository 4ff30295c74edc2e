"""`--fault` and `--repeat`: problems with them are reported together with all others, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from authlab.experiments.experiment import Experiment
from authlab.experiments.options import Options
from authlab.faults.catalogue import FAULTS
from authlab.model.errors import Unavailable
from authlab.model.faults import PlannedFault
from authlab.model.modes import MODES
from tests.unit.cli.calling import call

_NO_STORE = "flush-store needs a mode with a store (redis); chosen: "
_NO_TOKENS = "swap-key needs a mode with signed tokens (jwt); chosen: "


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def never(*_arguments: object, **_more: object) -> None:
        raise AssertionError("the run began")

    monkeypatch.setattr("authlab.lab.run.run_experiments", never)


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a wrong call is told, on standard error."""
    assert call("run", *arguments) == 64
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "crash-wroker@10s"], "did you mean 'crash-worker'"),
        (["--fault", "crash-worker"], "is not KIND[=VALUE][:WORKER]@START[+DURATION]"),
        (["--fault", "crash-worker=3@10s"], "it takes no value"),
        (["--fault", "crash-worker@10s+2s"], "it takes no duration"),
        (["--fault", "pause-worker@10s"], "add a duration"),
        (["--fault", "redis-latency@10s+2s"], "it needs a value in ms"),
        (["--fault", "redis-latency=1h@10s+2s"], "must be 0.1 to 10000 ms"),
        (["--fault", "crash-worker@soon"], "'soon' is not a time"),
        (["--fault", ""], "is not KIND"),
        (["--fault"], "--fault"),
        (
            ["--fault", "flush-store@2s", "--mode", "jwt"],
            f"{_NO_STORE}`none`, `jwt`",
        ),
        (
            ["--fault", "flush-store@2s", "--mode", "jwt", "--mode", "sticky"],
            f"{_NO_STORE}`none`, `jwt`, `sticky`",
        ),
        (
            ["--fault", "swap-key@2s", "--mode", "redis"],
            f"{_NO_TOKENS}`none`, `redis`",
        ),
        (["--fault", "crash-worker:worker-4@2s"], "there is no worker-4; there are worker-1, worker-2, worker-3"),
        (
            ["--fault", "crash-worker:worker-3@2s", "--workers", "2"],
            "there is no worker-3; there are worker-1, worker-2",
        ),
        (["--fault", "crash-worker@20s", "--for", "10s"], "would end after the load of 10 s"),
        (["--fault", "crash-worker@2s", "worker-crash"], "give either experiments or --fault"),
        (["--fault", "crash-worker@2s", "faults"], "give either experiments or --fault"),
        (["--repeat", "0", "worker-crash"], "--repeat must be 1 to 100, not 0"),
        (["--repeat", "-2", "worker-crash"], "--repeat must be 1 to 100, not -2"),
        (["--repeat", "often", "worker-crash"], "'often' is not a valid integer"),
        (["--repeat", "1.5", "worker-crash"], "'1.5' is not a valid integer"),
        (["--repeat", "0"], "--repeat must be 1 to 100, not 0"),
        (["--repeat", "101", "worker-crash"], "--repeat must be 1 to 100, not 101"),
        (["--quick", "--fault", "scale-in=3@2s"], "scale-in at 2 s would leave 0 of 3 workers; one must stay"),
        (
            ["--fault", "scale-out=2@2s", "--fault", "scale-in=2@3s", "--fault", "scale-in=3@4s"],
            "scale-in at 4 s would leave 0 of 3 workers",
        ),
    ],
)
def test_a_wrong_fault_is_explained_and_exits_64(
    arguments: Sequence[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert says in _told(capsys, *arguments)
    assert list(tmp_path.iterdir()) == [], "nothing is written for a call that is wrong"


def test_all_problems_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("--fault", "crash-wroker@1s", "--fault", "pause-worker@2s", "--fault", "scale-in=0@3s")
    told = _told(capsys, *wrong, "--fault", "flush-store@4s", "--repeat", "0", "--mode", "jtw", "--rate", "-1")
    assert told.startswith("authlab: there are several problems:")
    for part in ("'crash-worker'", "add a duration", "1 to 64 workers", "--repeat", "'jwt'", "--rate"):
        assert part in told


def test_all_that_is_wrong_with_faults_of_known_kinds_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    faults = ("crash-worker:worker-9@1s", "clock-skew=0@1s+2s", "swap-key@1s", "swap-key@2s", "scale-in=3@9s")
    told = _told(capsys, *(word for fault in faults for word in ("--fault", fault)), "--for", "5s", "--rate", "-1")
    for part in (
        "there is no worker-9",
        "clock-skew=0 can't be proven",
        "the signing key can be changed only once in a run",
        "would leave 0 of 3 workers",
        "scale-in would end after the load of 5 s",
        "--rate",
    ):
        assert part in told


def test_a_fault_that_fits_no_mode_is_told_with_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, "--fault", "swap-key@2s", "--mode", "sticky", "--repeat", "0", "--users", "none")
    for part in (
        f"{_NO_TOKENS}`none`, `sticky`",
        "--repeat must be 1 to 100",
        "'none'",
    ):
        assert part in told


def test_names_beside_a_fault_are_told_with_what_is_wrong_with_them(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, "wroker-crash", "--fault", "crash-worker@2s", "--fault", "nothing@3s")
    for part in ("give either experiments or --fault", "did you mean 'worker-crash'", "unknown fault 'nothing'"):
        assert part in told


def test_a_wrong_fault_alone_is_one_message_of_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, "--fault", "crash-worker=3@10s")
    assert told.strip().count("\n") == 0
    assert "several problems" not in told


def test_an_unknown_fault_is_told_with_all_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, "--fault", "zzz@1s")
    assert "did you mean" not in told
    assert all(name in told for name in FAULTS)


def test_what_is_right_is_handed_to_the_lab_as_it_was_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[list[str], Options]] = []

    def note(experiments: Sequence[Experiment], options: Options, **_more: object) -> None:
        asked.append(([experiment.id for experiment in experiments], options))
        raise Unavailable("that will do")

    monkeypatch.setattr("authlab.lab.run.run_experiments", note)
    faults = ("--fault", "crash-worker:worker-2@2s", "--fault", "redis-latency=5ms@3s+1s")
    assert call("run", *faults, "--mode", "redis", "--repeat", "3", "--plain") == 69
    assert call("run", *faults, "--quick", "--plain") == 69
    assert call("run", "worker-crash", "--plain") == 69
    assert "that will do" in capsys.readouterr().err
    (first, options), (_, quick), (named, usual) = asked
    assert first == ["chosen-faults"]
    assert options.faults == (
        PlannedFault("crash-worker", 2.0, target="worker-2"),
        PlannedFault("redis-latency", 3.0, 1.0, 5.0),
    )
    assert (options.modes, options.repeat) == ((MODES["redis"],), 3)
    assert quick.repeat == 1
    assert (named, usual.faults, usual.repeat) == (["worker-crash"], (), 2)
