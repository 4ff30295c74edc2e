"""Damaged, foreign and half-written runs: named by their file, exit 64, and nothing is written on their account."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from authlab.lab.reporting import load_any
from authlab.model.errors import Damaged
from authlab.report import build_report, render_markdown
from authlab.store.recording import RECORDING_SCHEMA
from authlab.store.runs import RunFolder
from tests.unit.cli.calling import call, contents
from tests.unit.report.tiny_run import tiny_run

SAMPLES = "trials/02-memory/samples.parquet"
CLOCK = {"monotonic_ns": 1, "unix_ns": 1}
HEAD = json.dumps(
    {"schema": RECORDING_SCHEMA, "id": "x", "status": "running", "clock": CLOCK, "scenario": "", "host": ""}
)


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results folder of the folder that we are in, with two whole runs: `whole` and `hurt`."""
    monkeypatch.chdir(tmp_path)
    run, frames = tiny_run()
    for name in ("whole", "hurt"):
        store = RunFolder.create(tmp_path / "results", name)
        store.write_run(run)
        for trial, tables in frames.items():
            store.write_frames(trial, tables)
    return tmp_path / "results"


def _edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    body = json.loads((folder / "run.json").read_text())
    change(body)
    (folder / "run.json").write_text(json.dumps(body))


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _half_collected(folder: Path, slices: str, head: str) -> None:
    """As a SIGKILL under load leaves it: raw files in place of tables."""
    trial = folder / "trials" / "02-memory"
    for table in trial.glob("*.parquet"):
        table.unlink()
    (trial / "slices.json").write_text(slices)
    (trial / "recording").mkdir()
    (trial / "recording" / "recording.json").write_text(head)


HURTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no run.json": (lambda f: (f / "run.json").unlink(), "it has no run.json"),
    "torn run.json": (lambda f: _cut(f / "run.json"), "run.json is damaged"),
    "another program's": (lambda f: (f / "run.json").write_text('{"name": "x"}'), "the schema None"),
    "a newer authlab's": (lambda f: _edit(f, lambda b: b.update(schema="authlab/run/3")), "authlab/run/3"),
    "half a run": (lambda f: _edit(f, lambda b: b.pop("seed")), "`seed`"),
    "a wrong type": (lambda f: _edit(f, lambda b: b["trials"][1].update(workers="two")), "trials[1].workers"),
    "an unknown status": (
        lambda f: _edit(f, lambda b: b.update(status="well")),
        "'well' - at `$.status`",
    ),
    "a negative seed": (lambda f: _edit(f, lambda b: b.update(seed=-1)), "Expected `int` >= 0 - at `$.seed`"),
    "a machine of no size": (lambda f: _edit(f, lambda b: b["machine"].update(cores="two")), "`$.machine.cores`"),
    "torn samples": (lambda f: _cut(f / SAMPLES), f"{SAMPLES} cannot be read"),
    "a foreign table": (lambda f: pl.DataFrame({"a": [1]}).write_parquet(f / SAMPLES), f"{SAMPLES} cannot be read"),
    "words for numbers": (
        lambda f: pl.read_parquet(f / SAMPLES).with_columns(due_ns=pl.lit("soon")).write_parquet(f / SAMPLES),
        f"{SAMPLES} cannot be read",
    ),
    "torn slices": (lambda f: _half_collected(f, '{"origin_ns": 1, "sl', "{}"), "slices.json is damaged"),
    "half a slice": (
        lambda f: _half_collected(f, '{"origin_ns": 1, "slices": [{"index": 0}]}', "{}"),
        "missing required field `block` - at `$.slices[0]`",
    ),
    "half a recording": (
        lambda f: _half_collected(f, '{"origin_ns": 1, "slices": []}', HEAD.replace("clock", "watch")),
        "missing required field `clock`",
    ),
    "a foreign recording": (lambda f: _half_collected(f, '{"origin_ns": 1, "slices": []}', "{}"), "recording.json has"),
    "a recording without samples": (lambda f: _half_collected(f, '{"origin_ns": 1, "slices": []}', HEAD), "no samples"),
}


@pytest.mark.parametrize("hurt", HURTS)
def test_report_compare_list_and_clean_cope_with_a_hurt_run(
    hurt: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    harm, says = HURTS[hurt]
    harm(results / "runs" / "hurt")
    before = contents(results)
    for arguments in (["report", "hurt"], ["compare", "whole", "hurt"]):
        assert call(*arguments) == 64
        said = capsys.readouterr().err
        assert says in said
        assert str(results / "runs" / "hurt") in said
        assert "Traceback" not in said
    assert contents(results) == before, "neither a report nor a comparison is begun"
    assert call("list") == 0
    told = capsys.readouterr().out
    assert "whole " in told
    assert "hurt " in told
    assert call("clean", "--keep", "0", "--yes") == 0
    assert [path.name for path in (results / "runs").iterdir()] == (["hurt"] if hurt == "no run.json" else [])


def test_all_hurt_runs_of_a_comparison_are_told_at_once(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(results / "runs" / "hurt", results / "runs" / "torn")
    (results / "runs" / "hurt" / "run.json").write_text("{}")
    _cut(results / "runs" / "torn" / SAMPLES)
    assert call("compare", "whole", "hurt", "torn") == 64
    said = capsys.readouterr().err
    assert "hurt/run.json" in said
    assert f"torn/{SAMPLES}" in said
    assert call("compare", "whol", "hurts", "nothing-like-it") == 64
    said = capsys.readouterr().err
    assert all(word in said for word in ("did you mean 'whole'", "did you mean 'hurt'", "'nothing-like-it'"))


def test_latest_that_leads_nowhere_is_not_offered(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(results / "runs" / "hurt")  # the newer one
    assert call("report") == 64
    said = capsys.readouterr().err
    assert "'latest'" in said
    assert "runs: whole" in said
    assert "did you mean 'latest'" not in said


def test_clean_follows_no_link_out_of_the_results(results: Path, tmp_path: Path) -> None:
    shutil.move(results / "runs" / "whole", tmp_path / "elsewhere")
    (results / "runs" / "whole").symlink_to(tmp_path / "elsewhere")
    assert call("clean", "--keep", "0", "--yes") == 0
    assert (tmp_path / "elsewhere" / "run.json").exists()
    assert [path.name for path in (results / "runs").iterdir()] == ["whole"]


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [place for key, item in inner for place in _places(item, (*way, key))]
    return [way, *below] if way else below


@pytest.mark.parametrize("stranger", [None, -1, "x", [], {}], ids=repr)
def test_no_stranger_anywhere_in_run_json_is_a_bug_of_ours(stranger: object, results: Path) -> None:
    file = results / "runs" / "hurt" / "run.json"
    whole = file.read_text()
    places = _places(json.loads(whole))
    assert len(places) > 60
    for place in places:
        body = holder = json.loads(whole)
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = stranger
        file.write_text(json.dumps(body))
        # Whatever can be read can be reported; what can't is `Damaged`, and nothing else is raised.
        with contextlib.suppress(Damaged):
            stored = load_any(file.parent)
            assert render_markdown(build_report(stored.run, stored.frames, stored.histories))
