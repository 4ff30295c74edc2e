"""Every chart can be had as its numbers and as a picture."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

PNG = b"\x89PNG\r\n\x1a\n"


def charts(page: Page) -> list[str]:
    """The ids of all charts, also of those that are folded away."""
    found: list[str] = page.eval_on_selector_all(".chart", "boxes => boxes.map((box) => box.dataset.chart)")
    return found


def saved(page: Page, chart: str, kind: str, folder: Path) -> Path:
    """The file that the chart's button saves. Pressed as the keyboard does it."""
    page.wait_for_timeout(150)  # Chromium silently drops the eleventh download within a second
    with page.expect_download(timeout=30_000) as waiting:
        page.locator(f"button[data-of='{chart}'][data-save='{kind}']").dispatch_event("click")
    download = waiting.value
    assert download.suggested_filename.endswith(f"-{chart}.{kind}")
    file = folder / download.suggested_filename
    download.save_as(file)
    return file


@pytest.mark.parametrize("name", ["report", "comparison", "faults"])
def test_every_chart_is_saved_as_png_and_svg(open_page: Open, name: str, tmp_path: Path) -> None:
    opened = open_page(name)
    found = charts(opened.page)
    assert len(found) >= 7
    for chart in found:
        png = saved(opened.page, chart, "png", tmp_path).read_bytes()
        assert png.startswith(PNG)
        width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        assert width > 1000, "a picture has two dots to the pixel"
        assert height > 200
        svg = ET.fromstring(saved(opened.page, chart, "svg", tmp_path).read_text())  # noqa: S314  (our own)
        assert svg.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(svg.iter("{http://www.w3.org/2000/svg}path"))) > 3
        assert "var(--" not in ET.tostring(svg, encoding="unicode"), "a picture stands without the page's colours"
    assert opened.strays() == []
    assert opened.complaints == []


@pytest.mark.parametrize("name", ["report", "faults"])
def test_every_chart_has_a_table_with_its_numbers_and_saves_it(open_page: Open, name: str, tmp_path: Path) -> None:
    opened = open_page(name)
    page = opened.page
    for chart in charts(page):
        page.locator(f"#{chart}-data").evaluate("box => { box.parentElement.open = true; }")
        page.locator(f"#{chart}-data table").wait_for(state="attached")
        cells = page.locator(f"#{chart}-data tbody tr:first-child > *").all_text_contents()
        rows = list(csv.reader(saved(page, chart, "csv", tmp_path).read_text().splitlines()))
        assert [cell.replace("\u00a0", " ").strip() for cell in cells] == [cell.lstrip("'") for cell in rows[1]]
        assert len(rows) == page.locator(f"#{chart}-data tr").count()
        assert any(character.isdigit() for row in rows[1:] for cell in row for character in cell)


def test_the_report_has_every_chart_that_a_main_comparison_needs(open_page: Open) -> None:
    kinds = {chart.split("-", 1)[1] for chart in charts(open_page("report").page)}
    assert kinds >= {"failures", "differences", "percentiles", "heatmap", "cpu", "memory", "balance", "generator"}
