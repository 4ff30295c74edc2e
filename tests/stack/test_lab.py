"""The whole lab, as a user runs it: real stacks, real load, real signals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

pytestmark = pytest.mark.stack

_SHORT = ["--blocks", "4", "--slice", "0.4", "--users", "10", "--rate", "150"]


def _authlab(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _run_to_end(*arguments: str, cwd: Path, within_s: float = 90) -> tuple[int, str]:
    process = _authlab(*arguments, cwd=cwd)
    try:
        output, _ = process.communicate(timeout=within_s)
    finally:
        process.kill()
    return process.returncode, output


def _run_json(results: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((results / "latest" / "run.json").read_text())
    return found


def _mentioning(marker: str) -> list[str]:
    """Command lines of living processes that mention `marker`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if marker in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One short main comparison: its results folder and what was printed."""
    cwd = tmp_path_factory.mktemp("lab")
    code, output = _run_to_end("run", *_SHORT, cwd=cwd)
    assert code == 0, output
    return cwd / "results", output


def test_a_run_prints_predictions_before_and_verdicts_after(finished: tuple[Path, str]) -> None:
    _, output = finished
    predicted = output.index("memory (N = 3): auth failure share: predicted 0.667")
    assert predicted < output.index("starting 6 stacks") < output.index("(three-modes)")
    assert "(N-1)/N" in output
    assert "report.html" in output


def test_a_run_leaves_a_whole_folder(finished: tuple[Path, str]) -> None:
    results, _ = finished
    run = _run_json(results)
    assert run["status"] == "finished"
    names = ["01-none", "02-none-again", "03-memory", "04-sticky", "05-redis", "06-jwt"]
    assert [t["id"] for t in run["trials"]] == names
    assert {"nginx", "redis", "gunicorn", "locust", "python"} <= run["versions"].keys()
    for name in ("report.json", "report.html", "report.md"):
        assert (results / "latest" / name).stat().st_size > 100
    for trial in run["trials"]:
        folder = results / "latest" / "trials" / trial["id"]
        samples = pl.read_parquet(folder / "samples.parquet")
        assert samples.height > 100
        assert {"nginx-access.log", "worker-1.log"} <= {path.name for path in (folder / "logs").iterdir()}
        assert not (folder / "recording").exists(), "raw files are gone once the tables are written"
        resources = pl.read_parquet(folder / "resources.parquet")
        assert (resources["cpu_ns"] >= 0).all()
        assert {"proxy", "worker-1", "worker-2", "worker-3", "generator"} <= set(resources["part"])


def test_memory_sessions_fail_under_round_robin_and_nobody_elses(finished: tuple[Path, str]) -> None:
    results, _ = finished
    (experiment,) = _run_json(results)["experiments"]
    shares = {o["mode"]: o["value"] for o in experiment["observations"] if o["quantity"] == "auth_failure_share"}
    assert shares.pop("memory") == pytest.approx(2 / 3, abs=0.12)
    assert shares == {"none": 0, "sticky": 0, "redis": 0, "jwt": 0}, "the A/A twin predicts nothing of its own"


def test_every_mode_meets_the_same_schedule_in_a_block(finished: tuple[Path, str]) -> None:
    results, _ = finished
    arrivals = {}
    for folder in sorted((results / "latest" / "trials").iterdir()):
        windows = pl.read_parquet(folder / "windows.parquet")
        arrivals[folder.name] = windows.group_by("block").agg(pl.col("arrivals").first()).sort("block").rows()
    first, *others = arrivals.values()
    assert all(other == first for other in others)


def test_the_access_log_knows_every_request_by_its_id(finished: tuple[Path, str]) -> None:
    results, _ = finished
    folder = results / "latest" / "trials" / "05-redis"
    logged = {
        json.loads(line)["request_id"] for line in (folder / "logs" / "nginx-access.log").read_text().splitlines()
    }
    sent = set(pl.read_parquet(folder / "samples.parquet")["request_id"])
    assert sent <= logged


def test_a_finished_folder_holds_no_secret(finished: tuple[Path, str]) -> None:
    results, output = finished
    everything = [output.encode(), *(p.read_bytes() for p in (results / "runs").rglob("*") if p.is_file())]
    for word in (b"eyJ", b"scrypt:", b"Bearer ", b"authlab_session_", b"requirepass", b'"password"'):
        assert not any(word in content for content in everything), word
    for folder in (results / "latest" / "trials").iterdir():
        text = pl.read_parquet(folder / "samples.parquet").select(pl.col(pl.String)).unique().write_csv()
        assert "eyJ" not in text


def test_the_report_can_be_written_again_from_the_folder_alone(finished: tuple[Path, str], tmp_path: Path) -> None:
    results, _ = finished
    before = json.loads((results / "latest" / "report.json").read_text())
    (results / "latest" / "report.json").unlink()
    code, output = _run_to_end("report", str(results / "latest"), cwd=tmp_path)
    assert code == 0, output
    assert json.loads((results / "latest" / "report.json").read_text()) == before


@pytest.mark.parametrize("moment", ["at once", "starting", "under load"])
def test_nothing_survives_a_sigkill_and_the_samples_do(moment: str, tmp_path: Path) -> None:
    process = _authlab("run", "--blocks", "40", "--slice", "0.4", "--users", "10", cwd=tmp_path)
    try:
        if moment == "under load":
            _wait_for_load(tmp_path / "results")
        else:
            time.sleep(0.3 if moment == "at once" else 2.5)
    finally:
        process.kill()
        process.communicate(timeout=10)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (
        _mentioning(f"authlab-{process.pid}-") or list(Path("/tmp").glob(f"authlab-{process.pid}-*"))  # noqa: S108
    ):
        time.sleep(0.1)
    assert not _mentioning(f"authlab-{process.pid}-")
    assert not list(Path("/tmp").glob(f"authlab-{process.pid}-*"))  # noqa: S108
    if moment == "under load":
        code, output = _run_to_end("report", "latest", cwd=tmp_path)
        assert code == 0, output
        report = (tmp_path / "results" / "latest" / "report.md").read_text()
        assert "memory" in report


def _wait_for_load(results: Path) -> None:
    """Wait until the first slices' samples are on disk."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        files = list(results.glob("runs/*/trials/*/resources.csv"))
        if files and sum(len(file.read_text().splitlines()) for file in files) > 40:
            return
        time.sleep(0.1)
    raise AssertionError("no load within a minute")
