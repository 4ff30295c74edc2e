"""A Chromium, or the reason why there is none; pages made from whole runs, opened without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from authlab.report import build_report, compare_runs, render_comparison_html, render_html
from tests.unit.report import made_run

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}
DRAWN_WITHIN_MS = 60_000


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of a session: a second one beside it would not start."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium of this machine. Playwright's own download is not used: CI's machines have Debian's."""
    named = os.environ.get("AUTHLAB_CHROMIUM")
    program = named or next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        reason = f"no browser: none of {', '.join(_NAMES)} is on the PATH, and AUTHLAB_CHROMIUM names none"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run these tests: {reason}")
        pytest.skip(reason)
    started = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
    yield started
    started.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of whole pages: a report of the main comparison, one of several stages, a comparison."""
    frames = made_run.made_frames(blocks=20, per_slice=150)
    run = made_run.made_run(frames)
    slower = made_run.made_frames(
        blocks=20, per_slice=150, seed=8, natures={"redis": made_run.Nature(median_ms=3.6, workers_us=700)}
    )
    later = replace(run, id="20261125T060000Z-three-modes", seed=2, versions={**run.versions, "nginx": "1.31.4"})
    written = {
        "report": render_html(build_report(run, frames)),
        "stages": render_html(build_report(*made_run.breaking_run())),
        "comparison": render_comparison_html(compare_runs([(run, frames), (later, slower)])),
    }
    folder = tmp_path_factory.mktemp("pages")
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


@dataclass
class Opened:
    """A page that has drawn its charts; what it asked for and complained of so far."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

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
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on(
            "console", lambda said: opened.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        opened.page.goto(pages[name].as_uri())
        opened.page.wait_for_selector("html[data-drawn=true]", state="attached", timeout=DRAWN_WITHIN_MS)
        return opened

    yield open_one
    for context in contexts:
        context.close()
