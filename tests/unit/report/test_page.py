"""The page: one file, offline, escaped, well-formed, usable without seeing it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from authlab.report import build_report, compare_runs, render_comparison_html, render_html
from tests.unit.report import made_run
from tests.unit.report.made_faults import fault_run
from tests.unit.report.page_reading import Page
from tests.unit.report.tiny_run import tiny_run

RUNS = (
    "tiny_run",
    "breaking_run",
    "recording_run",
    "interrupted_run",
    "hostile_run",
    "empty_run",
    "warming_recording_run",
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    found = {}
    for name in RUNS:
        run, frames = tiny_run() if name == "tiny_run" else getattr(made_run, name)()
        found[name] = render_html(build_report(run, frames))
    found["faults"] = render_html(build_report(*fault_run()))
    found["repeated_faults"] = render_html(build_report(*fault_run(repeat=2)))
    run, frames = tiny_run()
    other = replace(run, id="other")
    found["comparison"] = render_comparison_html(compare_runs([(run, frames), (other, frames)]))
    return found


@pytest.fixture(params=[*RUNS, "faults", "repeated_faults", "comparison"])
def page(request: pytest.FixtureRequest, pages: dict[str, str]) -> str:
    return pages[request.param]


def without_bundle(page: str) -> str:
    """The page without the script that Vega is: that one names addresses that it never asks."""
    return re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def test_every_element_is_closed_and_every_id_is_unique(page: str) -> None:
    ids = [attrs["id"] for _, attrs in Page(page).elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_nothing_is_fetched_from_anywhere(page: str) -> None:
    read = Page(page)
    assert not read.all("link", "img", "iframe", "object", "embed", "base")
    assert not [attrs for tag, attrs in read.elements if "src" in attrs or attrs.get("href", "#")[:1] != "#"]
    assert not re.search(r"https?://|url\(|@import", without_bundle(page))


def test_the_policy_allows_exactly_the_scripts_that_are_there(page: str) -> None:
    read = Page(page)
    policy = next(a["content"] for _, a in read.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    scripts = [body for attrs, body in read.scripts if "type" not in attrs]
    hashes = [base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in scripts]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes


def test_vega_is_in_the_page_exactly_once(page: str) -> None:
    assert page.count("window.vegaEmbed") == 1


def test_headings_never_skip_a_level(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(page).all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_every_chart_has_words_a_table_and_its_specification(page: str) -> None:
    read = Page(page)
    charts = [attrs for _, attrs in read.elements if attrs.get("class") == "chart"]
    held = read.held()["figures"]
    ids = {attrs.get("id") for _, attrs in read.elements}
    assert {attrs["data-chart"] for attrs in charts} == {key for key, figure in held.items() if "spec" in figure}
    for attrs in charts:
        assert held[attrs["data-chart"]]["table"]["rows"]
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 30
        assert f"{attrs['data-chart']}-data" in ids


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(page: str) -> None:
    read = Page(page)
    assert len(read.all("table")) == len(read.all("caption"))
    assert all(attrs.get("scope") in ("col", "row") for _, attrs in read.all("th"))


def test_nothing_of_a_hostile_run_becomes_markup(pages: dict[str, str]) -> None:
    page = pages["hostile_run"]
    read = Page(page)
    assert len(read.scripts) == 3
    assert not [attrs for _, attrs in read.elements if any(name.startswith("on") for name in attrs)]
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in markup
    assert "\u202e" not in markup


@pytest.mark.parametrize("name", ["empty_run", "warming_recording_run"])
def test_a_run_without_requests_is_still_a_page_that_says_so(pages: dict[str, str], name: str) -> None:
    assert "No request was measured" in pages[name]


def test_verdicts_stand_before_the_charts(pages: dict[str, str]) -> None:
    page = pages["breaking_run"]
    assert page.index('id="verdicts"') < page.index('class="chart"')
    assert all(f"badge {value}" in page for value in ("confirmed", "refuted", "inconclusive"))
