"""The charts' JavaScript comes from a process of its own, and without it where that can't be."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import vl_convert

from authlab.host import chart_script


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Nothing is begun before a test, and nothing kept after it."""
    for cached in (chart_script.begin, chart_script.chart_script):
        cached.cache_clear()
    yield
    for cached in (chart_script.begin, chart_script.chart_script):
        cached.cache_clear()


def test_the_process_makes_what_vl_convert_makes() -> None:
    process = chart_script.begin()
    assert process is not None
    assert chart_script.begin() is process
    assert chart_script.chart_script() == vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    assert process.returncode == 0


@pytest.mark.parametrize("python", ["/nonexistent/python", "false"])
def test_a_process_that_does_not_start_or_fails_is_not_needed(monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    monkeypatch.setattr(sys, "executable", python)
    process = chart_script.begin()
    assert (process is None) == (python != "false")
    assert "vegaEmbed" in chart_script.chart_script()
