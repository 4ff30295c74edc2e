"""A run's folder: whole files only, damage told from health."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from authlab.model.errors import Damaged, UnknownName, UsageProblem
from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.model.run import Run, Trial
from authlab.store.atomic import write_json
from authlab.store.disk import check_room
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames
from authlab.store.runs import RunFolder, find_run, new_run_id

_NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


def _run(run_id: str = "r") -> Run:
    prediction = Prediction("memory", "auth_failure_share", "(N-1)/N", 2 / 3, workers=3)
    observation = Observation("memory", "auth_failure_share", 0.668, (0.66, 0.676), 26, 7800, "share", 3)
    verdict = Verdict("confirmed", "as predicted", ("because",))
    return Run(
        id=run_id,
        status="finished",
        command=("authlab", "run"),
        seed=1,
        started_at="2026-11-24T12:00:00Z",
        finished_at="2026-11-24T12:03:00Z",
        stack="local",
        machine={"cores": 2},
        versions={"nginx": "1.31.3"},
        parameters={"workers": 3},
        experiments=(
            ExperimentResult(
                "three-modes",
                "claim",
                (prediction,),
                (observation,),
                (Judgement(prediction, observation, verdict),),
                verdict,
            ),
        ),
        trials=(Trial("01-memory", "three-modes", "main", "memory", 3, blocks=26, summary={"requests": 7800}),),
    )


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "r")
    folder.write_run(_run())
    assert folder.read_run() == _run()
    assert json.loads((folder.path / "run.json").read_text())["schema"] == "authlab/run/2"
    assert (tmp_path / "latest" / "run.json").exists()


def test_two_runs_of_one_second_do_not_share_a_folder(tmp_path: Path) -> None:
    name = new_run_id("three-modes", _NOON)
    first, second = RunFolder.create(tmp_path, name), RunFolder.create(tmp_path, name)
    assert first.id == "20261124T120000Z-three-modes"
    assert second.id == "20261124T120000Z-three-modes-2"
    assert (tmp_path / "latest").resolve() == second.path.resolve()


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "damaged"),
        ('{"schema": "authlab/run/1", "id"', "damaged"),
        ("[1, 2]", "no JSON object"),
        ('{"schema": "authlab/run/2", "seed": NaN}', "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"schema": "authlab/run/99"}', "authlab/run/99"),
        ('{"schema": "authlab/run/2", "id": "x"}', "not a complete run"),
        ('{"schema": "authlab/run/1", "id": "x"}', "not a complete run"),
        ('{"schema": "authlab/run/1", "experiments": 3, "command": []}', "not a complete run"),
    ],
)
def test_a_damaged_or_foreign_run_is_named_not_guessed(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(Damaged, match=says):
        RunFolder(tmp_path).read_run()


def test_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match=r"no run\.json"):
        RunFolder(tmp_path).read_run()


def test_tables_come_back_and_missing_ones_are_empty(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.read_frames("01-none").samples.is_empty()
    samples = pl.DataFrame(
        {
            name: ["x"] if kind == pl.String else [True] if kind == pl.Boolean else [1]
            for name, kind in SAMPLES_SCHEMA.items()
        }
    ).cast(pl.Schema(SAMPLES_SCHEMA))
    empty = (pl.DataFrame(schema=pl.Schema(s)) for s in (WINDOWS_SCHEMA, RESOURCES_SCHEMA))
    folder.write_frames("01-none", TrialFrames(samples, *empty))
    assert folder.read_frames("01-none").samples.equals(samples)


def test_a_torn_table_is_damage(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.trial_folder("01-none")
    (tmp_path / "trials" / "01-none" / "samples.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(Damaged, match=r"samples\.parquet cannot be read"):
        folder.read_frames("01-none")


def test_results_that_cannot_be_written_are_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageProblem, match="--results DIR"):
        RunFolder.create(tmp_path / "file", "r")


def test_a_run_is_found_by_path_id_or_latest_and_else_suggested(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, "20261124T120000Z-three-modes")
    folder.write_run(_run())
    for name in (str(folder.path), folder.id, "latest", str(folder.path / "run.json")):
        assert find_run(name, tmp_path) == folder.path.resolve()
    with pytest.raises(UnknownName, match="did you mean '20261124T120000Z-three-modes'"):
        find_run("20261124T120000Z-three-mode", tmp_path)
    with pytest.raises(UsageProblem, match="authlab run"):
        find_run("latest", tmp_path / "elsewhere")


def test_a_full_disk_is_noticed_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_room(tmp_path, 1000)
    monkeypatch.setattr("shutil.disk_usage", lambda _place: type("Usage", (), {"free": 10 * 1024**2}))
    with pytest.raises(Exception, match="authlab clean"):
        check_room(tmp_path / "not" / "yet", 1000)
