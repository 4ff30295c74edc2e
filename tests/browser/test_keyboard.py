"""Pages without a mouse, and as a screen reader walks through them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

_FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const all = [...document.querySelectorAll('*')];
  return all.indexOf(e);
}"""
_FOCUSABLE = """() => {
  const all = [...document.querySelectorAll('*')];
  return [...document.querySelectorAll('a[href], button, summary, [tabindex="0"]')]
    .filter((e) => e.checkVisibility()).map((e) => all.indexOf(e));
}"""


def tabbed(page: Page, most: int) -> list[int]:
    """The elements that Tab reaches, by their place in the document, until it leaves the page."""
    found: list[int] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        place = page.evaluate(_FOCUSED)
        if place is None or place in found:
            break
        found.append(place)
    return found


@pytest.mark.parametrize("name", ["report", "comparison", "stages", "faults"])
def test_tab_reaches_everything_that_can_be_pressed_or_scrolled_in_reading_order(open_page: Open, name: str) -> None:
    page = open_page(name).page
    wanted = page.evaluate(_FOCUSABLE)
    assert len(wanted) > 10
    reached = tabbed(page, most=len(wanted) + 20)
    assert reached == wanted


def test_what_has_the_focus_is_seen_to_have_it(open_page: Open) -> None:
    page = open_page("report").page
    for _ in range(3):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"


def test_the_first_tab_offers_to_skip_to_the_verdicts(open_page: Open) -> None:
    page = open_page("report").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdicts"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0, "it is on the page once it has the focus"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_numbers_of_a_chart_open_and_close_by_the_keyboard(open_page: Open) -> None:
    page = open_page("report").page
    summary = page.locator("main details > summary").first
    opened = "document.activeElement.parentElement.open"
    summary.focus()
    page.keyboard.press("Enter")
    assert page.evaluate(opened)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.scroll')"), "a table that may scroll can be scrolled by keys"
    summary.focus()
    page.keyboard.press("Space")
    assert not page.evaluate(opened)


def test_stages_that_are_folded_away_draw_their_charts_when_a_key_opens_them(open_page: Open) -> None:
    page = open_page("stages").page
    part = page.locator("details.part").first
    assert part.locator(".chart svg").count() == 0
    part.locator("summary").first.focus()
    page.keyboard.press("Enter")
    part.locator(".chart svg").first.wait_for(timeout=30_000)


def test_a_claim_of_the_index_opens_its_details_by_key_and_draws_their_charts(open_page: Open) -> None:
    page = open_page("several").page
    fold = page.locator("details.whole").last
    assert page.locator("details.whole[open], details.whole .chart svg").count() == 0
    page.locator("table.index a").last.focus()
    page.keyboard.press("Enter")
    fold.locator(".chart svg").first.wait_for(timeout=30_000)
    assert page.evaluate("document.querySelectorAll('details.whole[open]').length") == 1
    fold.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("table.index a").last.focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("open") is not None, "the same link opens it again"


def test_a_link_to_a_figure_inside_a_fold_opens_the_fold(open_page: Open) -> None:
    page = open_page("several").page
    page.evaluate("location.hash = '#e1-cpu'")
    page.locator("#e1-cpu .chart svg").wait_for(timeout=30_000)
    assert page.locator("#e1").get_attribute("open") is not None


def test_the_theme_is_chosen_by_a_button_that_says_which_one(open_page: Open) -> None:
    page = open_page("report", theme="light").page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name="Theme:")
    button.focus()
    for _ in range(2):
        page.keyboard.press("Enter")
    assert button.text_content() == "Theme: dark"
    assert page.evaluate(paper) != light


def headings_are_in_order(page: Page) -> None:
    """Fail unless there is one of the first rank, at the top, and none skips a rank downwards."""
    levels = page.eval_on_selector_all("h1, h2, h3, h4", "found => found.map((e) => Number(e.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("name", ["report", "comparison", "stages", "faults"])
def test_headings_are_in_order_and_every_control_has_a_name_of_its_own(open_page: Open, name: str) -> None:
    page = open_page(name).page
    headings_are_in_order(page)
    names = page.eval_on_selector_all("button, summary", "found => found.map((e) => e.textContent.trim())")
    assert all(names)
    buttons = page.eval_on_selector_all("button", "found => found.map((e) => e.textContent.trim())")
    assert len(set(buttons)) == len(buttons), "a list of buttons tells them apart"
