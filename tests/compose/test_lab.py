"""The lab on containers: the same experiments, run folder and report as with local processes, and nothing left."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from authlab.stack.compose.engine import Engine
from authlab.stack.compose.ownership import LABEL
from tests.stack.lab_process import Lab

pytestmark = pytest.mark.stack


def labelled(engine: Engine) -> set[str]:
    """The containers of all labs. Other tests' stacks may stand beside ours."""
    return {thing.name for thing in engine.client.containers.list(all=True, filters={"label": LABEL})}


def test_a_run_on_containers_measures_judges_and_reports_like_any_other(engine: Engine, tmp_path: Path) -> None:
    before = labelled(engine)
    arguments = ("run", "three-modes", "--mode", "jwt", "--mode", "redis", "--stack", "compose", "--worker-cpus", "0.5")
    short = ("--workers", "2", "--users", "10", "--rate", "100", "--blocks", "4", "--slice", "0.5s", "--plain")
    with Lab(*arguments, *short, cwd=tmp_path) as lab:
        assert lab.ends() == 0, lab.said
        run = lab.run()
    assert labelled(engine) <= before
    assert (run["stack"], run["status"]) == ("compose", "finished")
    assert {"docker", "docker compose", "nginx", "redis", "service python"} <= run["versions"].keys()
    for trial in run["trials"]:
        assert trial["summary"]["outcomes"].keys() == {"ok"}, trial
        assert trial["summary"]["stack_cpu_share"] > 0, trial
    (experiment,) = run["experiments"]
    costs = {o["mode"]: o["value"] for o in experiment["observations"] if o["quantity"] == "cpu_us" and o["value"]}
    assert costs.keys() == {"none", "none-again", "jwt", "redis"}
    report = (tmp_path / "results" / "latest" / "report.md").read_text()
    assert "compose" in report
    assert "docker-proxy" in report


def test_a_mode_stands_in_containers_until_ctrl_c(engine: Engine, tmp_path: Path) -> None:
    before = labelled(engine)
    with Lab("up", "sticky", "--stack", "compose", "--workers", "2", cwd=tmp_path) as lab:
        lab.says("is up at")
        lab.says("locust -f")
        assert labelled(engine) > before
        found = re.search(r"is up at (http://\S+) with 2 workers", lab.said)
        assert found, lab.said
        with urllib.request.urlopen(f"{found[1]}/healthz", timeout=5) as answer:  # noqa: S310 - it printed http
            assert json.load(answer)["status"] == "ok"
        # The lines are for pasting: log in, then who am I.
        log_in, who = [line for line in lab.said.splitlines() if line.startswith("curl ")][:2]
        for line in (log_in, who):
            done: Any = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20, check=True)
        assert '"user":"user-0001"' in done.stdout, done
        lab.signal(signal.SIGINT)
        assert lab.ends() == 0, lab.said
    assert labelled(engine) <= before


def test_ctrl_c_in_the_middle_of_a_run_leaves_no_container_and_a_report(engine: Engine, tmp_path: Path) -> None:
    before = labelled(engine)
    with Lab(
        *("run", "--mode", "jwt", "--stack", "compose", "--workers", "1", "--users", "6", "--rate", "60", "--plain"),
        *("--blocks", "400", "--slice", "0.3s"),
        cwd=tmp_path,
    ) as lab:
        lab.is_under_load()
        lab.signal(signal.SIGINT)
        assert lab.ends() == 130, lab.said
        assert lab.run()["status"] == "interrupted"
    assert labelled(engine) <= before
    assert (tmp_path / "results" / "latest" / "report.html").exists()


def test_a_mode_with_an_app_of_ones_own_is_refused_before_anything_starts(engine: Engine, tmp_path: Path) -> None:
    before = labelled(engine)
    (tmp_path / "own.toml").write_text('name = "own"\napp = "own_app:create"\nrouting = "sticky-cookie"\n')
    (tmp_path / "own_app.py").write_text("def create(): ...\n")
    with Lab("run", "--mode", "own.toml", "--stack", "compose", cwd=tmp_path) as lab:
        assert lab.ends() == 64, lab.said
    assert "only on the local stack" in lab.said
    assert not (tmp_path / "results").exists()
    assert labelled(engine) <= before
