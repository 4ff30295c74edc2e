"""Two labs at once on one machine: neither disturbs the other's ports or files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest
from lab_process import SHORT, Lab

pytestmark = pytest.mark.stack


def test_two_labs_at_once_with_the_same_results_do_not_get_into_each_others_way(tmp_path: Path) -> None:
    call = ("run", *SHORT, "--blocks", "4", "--mode", "redis")
    with Lab(*call, cwd=tmp_path) as first, Lab(*call, cwd=tmp_path) as second:
        first.is_under_load()
        ports = [_ports_of(lab) for lab in (first, second)]
        assert [lab.ends() for lab in (first, second)] == [0, 0], first.said + second.said
    assert ports[0].isdisjoint(ports[1])
    runs = list((first.results / "runs").iterdir())
    assert len({run.name for run in runs}) == 2
    for run in runs:
        body = json.loads((run / "run.json").read_text())
        assert (body["status"], body["id"]) == ("finished", run.name)
        assert (run / "report.html").exists()
        assert [trial["id"] for trial in body["trials"]] == ["01-none", "02-none-again", "03-redis"]
        assert all(trial["summary"]["outcomes"].keys() == {"ok"} for trial in body["trials"])
    assert (first.results / "latest").resolve() in {run.resolve() for run in runs}


@pytest.mark.skipif((os.cpu_count() or 1) > 4, reason="on so many cores two labs hardly meet")
def test_each_of_two_labs_at_once_notices_the_others_load(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    load = ("--rate", "500", "--users", "20", "--workers", "1", "--slice", "0.3s", "--blocks", "12", "--plain")
    call = ("run", "--mode", "jwt", *load)
    with Lab(*call, cwd=folders[0]) as first, Lab(*call, cwd=folders[1]) as second:
        first.is_under_load()
        ports = [_ports_of(lab) for lab in (first, second)]
        assert [lab.ends() for lab in (first, second)] == [0, 0], first.said + second.said
    assert ports[0].isdisjoint(ports[1])
    for lab in (first, second):
        run = lab.run()
        assert run["status"] == "finished"
        assert len(list((lab.results / "runs").iterdir())) == 1
        assert (lab.results / "latest" / "report.html").exists()
        for trial in run["trials"]:
            assert any("other programs used" in reason for reason in trial["reasons"]), trial
        assert run["experiments"][0]["verdict"]["value"] == "inconclusive"


def _ports_of(lab: Lab) -> set[int]:
    """The ports on which anything of the lab listens."""
    return {
        connection.laddr.port
        for process in lab._processes()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
