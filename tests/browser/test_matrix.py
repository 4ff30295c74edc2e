"""The browser lab's matrix in its report: whole on a phone, on a desk and on paper, and a table to a screen reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from authlab.lab.reporting import load_any
from authlab.report import build_report, render_html
from tests.browser.test_pages import grave_findings, sideways

pytestmark = pytest.mark.browser

REFERENCE = Path(__file__).resolve().parents[2] / "results" / "reference" / "browser"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the reference run, made anew."""
    file = tmp_path_factory.mktemp("matrix") / "report.html"
    stored = load_any(REFERENCE)
    file.write_text(render_html(build_report(stored.run, stored.frames)), encoding="utf-8")
    return file


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (1280, "screen"), (690, "print")])
def test_the_matrix_is_whole_at_every_width_and_on_paper(
    browser: Browser, report: Path, width: int, media: str, theme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.emulate_media(media=media)  # type: ignore[arg-type]
    page.goto(report.as_uri())
    matrix = page.locator("table.matrix")
    assert sideways(page) == []
    if (media, theme) == ("screen", "dark"):
        assert grave_findings(page) == []
    cut = "box => box.scrollWidth > box.parentElement.clientWidth"
    assert matrix.evaluate(cut) == (width == 1280), "only a desk scrolls sideways, in a box of its own"
    assert matrix.get_by_role("row").count() == 10
    assert matrix.get_by_role("columnheader").count() == 10
    titles = matrix.get_by_role("columnheader").all_text_contents()[1:]
    cells = matrix.get_by_role("row").nth(1).get_by_role("cell")
    assert [cell.get_attribute("data-of") for cell in cells.all()] == titles
    shown = cells.first.evaluate("cell => getComputedStyle(cell, '::before').content")
    assert (titles[0] in shown) == (width != 1280), "a cell says its attack where no heading stands above it"
    context.close()
