"""A Chromium, or the reason why there is none; pages made from whole runs, opened without a network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from authlab.browser.chromium import QUIET, find_chromium
from authlab.model.errors import Unavailable
from authlab.report import build_report, compare_runs, render_comparison_html, render_html
from tests.unit.report import made_run
from tests.unit.report.made_faults import fault_run
from tests.unit.report.test_index import both

WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
DRAWN_WITHIN_MS = 60_000


def missing(reason: object) -> NoReturn:
    """Skip, but not in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must run these tests: {reason}")
    pytest.skip(str(reason))


def chromium_here() -> Path:
    """The Chromium that the tests drive."""
    try:
        return find_chromium()
    except Unavailable as reason:
        missing(reason)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of a session: a second one beside it would not start."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium of this machine."""
    started = playwright.chromium.launch(executable_path=chromium_here(), args=["--no-sandbox", *QUIET])
    yield started
    started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of whole pages: a report of the main comparison, one of several stages, one of faults, one of
    both, a comparison.
    """
    frames = made_run.made_frames(blocks=20, per_slice=150)
    run = made_run.made_run(frames)
    slower = made_run.made_frames(
        blocks=20, per_slice=150, seed=8, natures={"redis": made_run.Nature(median_ms=3.6, workers_us=700)}
    )
    later = replace(run, id="20261125T060000Z-three-modes", seed=2, versions={**run.versions, "nginx": "1.31.4"})
    written = {
        "report": render_html(build_report(run, frames)),
        "stages": render_html(build_report(*made_run.breaking_run())),
        "faults": render_html(build_report(*fault_run())),
        "several": render_html(both()),
        "comparison": render_comparison_html(compare_runs([(run, frames), (later, slower)])),
    }
    folder = tmp_path_factory.mktemp("pages")
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


@dataclass
class Watched:
    """A page; what it asked for and complained of so far."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in ("error", "warning") else None
        )


class Opened(Watched):
    """A page of a report that has drawn its charts."""

    def strays(self) -> list[str]:
        """Addresses that were asked for, beside the file itself and what it holds."""
        return [url for url in self.requests if not url.startswith(("data:", "blob:")) and url != self.page.url]


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, Path]) -> Iterator[Open]:
    """`open_page("report", "phone", "dark")`: the page at that width and in that theme, without a network."""
    contexts: list[BrowserContext] = []

    def open_one(name: str, width: str = "desk", theme: str = "light", **more: Any) -> Opened:
        wide, high = WIDTHS[width]
        context = browser.new_context(
            viewport={"width": wide, "height": high}, color_scheme=theme, offline=True, accept_downloads=True, **more
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.goto(pages[name].as_uri())
        opened.page.wait_for_selector("html[data-drawn=true]", state="attached", timeout=DRAWN_WITHIN_MS)
        return opened

    yield open_one
    for context in contexts:
        context.close()
