"""Reports and comparisons in a real browser: on a desk, a phone and paper, in light and dark, without a network."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DRAWN_WITHIN_MS, Open

pytestmark = pytest.mark.browser

PAGES = ("report", "comparison", "stages", "faults", "several")
GRAVE = ("serious", "critical")


def grave_findings(page: Page) -> list[str]:
    """What axe-core holds to be serious or critical, each with the elements that it is about."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{item['impact']} {item['id']}: {item['help']}: {[node['html'][:200] for node in item['nodes'][:3]]}"
        for item in found
        if item["impact"] in GRAVE
    ]


def sideways(page: Page) -> list[str]:
    """Elements that stick out of the page and are not inside a box that scrolls; the page's own width first."""
    found: list[str] = page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          const own = document.documentElement.scrollWidth > wide
            ? [`page ${document.documentElement.scrollWidth} > ${wide}`] : [];
          const boxed = (e) => e.closest('.scroll, .hidden, .skip, thead');
          return own.concat([...document.querySelectorAll('body *')]
            .filter((e) => e.getBoundingClientRect().right > wide + 1 && !boxed(e) && e.getClientRects().length)
            .map((e) => e.outerHTML.slice(0, 120)));
        }"""
    )
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["desk", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_grave_finding_fits_its_window_and_asks_for_nothing(
    open_page: Open, name: str, width: str, theme: str
) -> None:
    opened = open_page(name, width, theme)
    page = opened.page
    assert sideways(page) == []
    assert grave_findings(page) == []
    assert page.evaluate(
        "[...document.querySelectorAll('.chart')].every((box) => !box.checkVisibility() || box.querySelector('svg'))"
    )
    assert opened.strays() == []
    assert opened.complaints == []


def test_what_is_folded_away_has_no_grave_finding_either(open_page: Open) -> None:
    page = open_page("stages", "phone").page
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    page.locator(".chart:not(:has(svg))").first.wait_for(state="detached", timeout=DRAWN_WITHIN_MS)
    assert grave_findings(page) == []
    assert sideways(page) == []


def test_a_finding_is_seen_where_there_is_one(open_page: Open) -> None:
    page = open_page("comparison").page
    page.evaluate("document.querySelector('h1').style.color = '#eee'")
    page.evaluate("document.querySelector('.sheet').style.minWidth = '3000px'")
    assert any("color-contrast" in finding for finding in grave_findings(page))
    assert sideways(page) != []


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_nothing_is_cut_off_and_a_dark_page_becomes_light(open_page: Open, name: str) -> None:
    opened = open_page(name, "desk", "dark")
    page = opened.page
    page.set_viewport_size({"width": 690, "height": 1000})  # A4 between its margins
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert sideways(page) == []
    cut = "[...document.querySelectorAll('.chart')].filter((box) => box.scrollWidth > box.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert not page.locator(".tools").first.is_visible()
    page.emulate_media(media="screen")
    assert page.pdf(format="A4", prefer_css_page_size=True).startswith(b"%PDF-")
    assert opened.complaints == []


def test_a_chart_that_was_drawn_for_a_wide_window_is_not_cut_off_on_paper(open_page: Open) -> None:
    # Printing does not wait until charts are drawn anew.
    page = open_page("report", "desk").page
    page.add_style_tag(content=".sheet { width: 690px !important; max-width: none !important; }")
    page.emulate_media(media="print")
    cut = """[...document.querySelectorAll('.chart svg')].filter((picture) =>
      picture.getBoundingClientRect().right > picture.closest('.chart').getBoundingClientRect().right + 1).length"""
    assert page.evaluate(cut) == 0


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_a_fault_is_a_span_and_a_counter_example_has_lanes_at_any_width(open_page: Open, width: str) -> None:
    page = open_page("faults", width).page
    timeline, lanes = page.locator("#e1-timeline .chart svg"), page.locator("#e1-example-1 .chart svg")
    assert timeline.locator("text", has_text="crash-worker, worker-2").count() == 1
    for lane in ("user", "proxy", "workers", "store"):
        assert lanes.locator("text", has_text=lane).count() == 1
    assert page.locator("#e1-example-1 ol li").count() == 3
    outside = """(picture) => {
      const frame = picture.getBoundingClientRect();
      return [...picture.querySelectorAll('text')].filter((text) => {
        const box = text.getBoundingClientRect();
        return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1);
      }).map((text) => text.textContent);
    }"""
    assert timeline.evaluate(outside) == []
    assert lanes.evaluate(outside) == []
