"""`authlab compare` as CI calls it: files, exit codes, JUnit XML, refusals."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from authlab.model.run import Run
from authlab.store.frames import TrialFrames
from authlab.store.runs import RunFolder
from tests.unit.cli.calling import call
from tests.unit.lab.test_recordings import recording
from tests.unit.report import made_run

SLOW = made_run.Nature(median_ms=8.0, workers_us=1200)


def stored(results: Path, run: Run, frames: dict[str, TrialFrames]) -> None:
    folder = RunFolder.create(results, run.id)
    folder.write_run(replace(run, id=folder.id))
    for name, held in frames.items():
        folder.write_frames(name, held)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs `before`, `after` (much slower redis), `alike`, and one under another load."""
    folder = tmp_path_factory.mktemp("stored") / "results"
    for name, natures, seed in (("before", {}, 1), ("after", {"redis": SLOW}, 2), ("alike", {}, 3)):
        frames = made_run.made_frames(("none", "redis"), blocks=24, per_slice=200, seed=seed, natures=natures)
        stored(folder, made_run.made_run(frames, id=name), frames)
    frames = made_run.made_frames(("none", "redis"), blocks=20, per_slice=60)
    other = made_run.made_run(frames, id="loaded")
    stored(folder, replace(other, parameters={**other.parameters, "rate_rps": 900}), frames)
    recording(folder / "runs" / "nameless")
    return folder


def test_json_markdown_and_html_are_written_and_what_differs_is_told(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("compare", "before", "after", "--results", str(results), "--out", str(tmp_path / "out")) == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"compare.json", "compare.md", "compare.html"}
    body = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert body["verdict"]["value"] == "worse"
    assert "worse with redis" in (tmp_path / "out" / "compare.md").read_text()
    assert capsys.readouterr().out.startswith("2 runs: worse with redis")


@pytest.mark.parametrize(
    ("second", "more", "code"),
    [
        ("after", [], 0),
        ("after", ["--fail-on", "worse"], 1),
        ("after", ["--fail-on", "worse,inconclusive"], 1),
        ("after", ["--fail-on", "inconclusive"], 0),
        ("alike", ["--fail-on", "worse", "--margin", "0.9"], 0),
        ("alike", ["--fail-on", "worse,inconclusive", "--margin", "0.9"], 0),
        ("alike", ["--fail-on", "inconclusive", "--margin", "0.001"], 2),
        ("loaded", ["--fail-on", "worse,inconclusive"], 2),
    ],
)
def test_the_exit_code_tells_the_verdicts_that_were_asked_for(
    results: Path, tmp_path: Path, second: str, more: list[str], code: int
) -> None:
    assert call("compare", "before", second, "--results", str(results), "--out", str(tmp_path / "out"), *more) == code


def test_verdicts_are_written_as_junit_xml_into_a_folder_that_is_made(results: Path, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "compare.xml"
    where = ["--results", str(results), "--out", str(tmp_path / "out")]
    assert call("compare", "before", "after", *where, "--junit", str(file)) == 0
    root = ET.parse(file).getroot()  # noqa: S314  (our own file)
    body = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert int(root.attrib["failures"]) == body["verdict"]["counts"]["worse"] > 0
    assert int(root.attrib["skipped"]) == body["verdict"]["counts"]["inconclusive"]
    assert [path.name for path in file.parent.iterdir()] == ["compare.xml"]


def test_what_can_not_be_compared_is_refused_and_nothing_is_written(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--results", str(results), "--out", str(tmp_path / "out"), "--junit", str(tmp_path / "x.xml")]
    assert call("compare", "before", "nameless", *where) == 64
    said = capsys.readouterr().err
    assert "redis at N = 3" in said
    assert "nameless doesn't say which mode was loaded" in said
    assert "--mode MODE" in said
    assert list(tmp_path.iterdir()) == []


def test_a_recording_whose_mode_was_written_down_afterwards_is_compared(results: Path, tmp_path: Path) -> None:
    named = recording(tmp_path / "named", mode="redis", workers_behind=3)
    out = tmp_path / "out"
    assert call("compare", "before", str(named), "--results", str(results), "--out", str(out)) == 0
    body = json.loads((out / "compare.json").read_text())
    assert [row["label"] for row in body["quantities"][0]["rows"]] == ["redis"]


def test_all_problems_of_a_call_are_told_at_once(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ["--margin", "0", "--share-margin", "2", "--fail-on", "wrose", "--junit", str(tmp_path)]
    assert call("compare", "befor", "--results", str(results), *wrong) == 64
    said = capsys.readouterr().err
    fail_on = "--fail-on takes: worse, inconclusive; not 'wrose'"
    parts = ("did you mean 'before'", "at least two", "--margin must", "--share-margin must", fail_on, "is a folder")
    for part in parts:
        assert part in said
