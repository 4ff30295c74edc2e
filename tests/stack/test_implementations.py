"""The experiment `implementations` on real stacks: every design in every implementation serves, and costs something."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.stack.lab_process import SHORT, Lab

from authlab.model.implementations import DESIGNS

pytestmark = pytest.mark.stack


def test_all_six_serve_every_request_and_the_report_shows_the_table(tmp_path: Path) -> None:
    with Lab("run", "implementations", "--blocks", "4", *SHORT, cwd=tmp_path) as lab:
        assert lab.ends() == 0, lab.said
    (result,) = lab.run()["experiments"]
    modes = [mode for row in DESIGNS.values() for mode in row]
    seen = {(item["mode"], item["quantity"]): item for item in result["observations"] if item["against"] != "jwt"}
    assert [seen[mode, "auth_failure_share"]["value"] for mode in modes] == [0.0] * 6
    assert all(0 < seen[mode, "requests_per_cpu_s_ratio"]["value"] < 3 for mode in modes)
    rule = next(item for item in result["observations"] if item["quantity"] == "design_to_implementation_spread")
    assert rule["interval"][0] < rule["value"] < rule["interval"][1]
    report = (lab.results / "latest" / "report.md").read_text()
    for words in (
        "| Token | extension | flask-jwt-extended |",
        "| Session in Redis | documented | redis |",
        "pyjwt 2.",
    ):
        assert words in report
