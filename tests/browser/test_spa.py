"""The browser lab's page and its attack pages, on the lab's own sites: how they look, read and are used by keyboard."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Playwright

from authlab.browser.chromium import flags
from authlab.browser.places import PLACES
from authlab.host.processes import Guardian
from authlab.lab.browsing.sites_up import sites_up
from authlab.stack.secrets import make_secrets
from tests.browser.conftest import WIDTHS, Watched, chromium_here, missing
from tests.browser.test_keyboard import _FOCUSABLE, headings_are_in_order, tabbed
from tests.browser.test_pages import grave_findings, sideways

pytestmark = [pytest.mark.browser, pytest.mark.stack]

ROOT = Path(__file__).resolve().parents[2]
SPA = ROOT / "services" / "spa"
STORAGES = tuple(f"/storage/{place}" for place in PLACES)
PAGES = ("/", *STORAGES, "/running", "/public", "/nowhere")
ATTACKS = tuple(sorted(file.name for file in (SPA / "attacks").glob("*.html")))
BUILT_WITHIN_S = 300


@dataclass(frozen=True)
class Lab:
    """A Chromium that knows the lab's sites and nothing else, and a user of theirs."""

    browser: Browser
    user: str
    password: str


class Opened(Watched):
    """A page of the lab's sites."""

    def strays(self) -> list[str]:
        """Addresses that are none of the lab's."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme != "data" and not urlsplit(url).netloc.endswith(".test")
        ]


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def lab(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The sites, up, with the page as it is built from the sources that are here."""
    if shutil.which("npm") is None:
        missing("the page is built by npm, which is not on the PATH")
    subprocess.run(["make", "--no-print-directory", "spa"], cwd=ROOT, check=True, timeout=BUILT_WITHIN_S)
    program = chromium_here()
    folder = tmp_path_factory.mktemp("sites")
    secrets = make_secrets(folder / "secrets", users=1)
    (user,) = json.loads((folder / "secrets" / "credentials.json").read_bytes())["users"]
    with (
        Guardian() as guardian,
        sites_up(guardian, folder / "up", folder / "logs", secrets) as sites,
    ):
        browser = playwright.chromium.launch(
            executable_path=program, args=flags(sites.resolver, sites.certificate.fingerprint)
        )
        yield Lab(browser, user["username"], user["password"])
        browser.close()


@pytest.fixture
def open_at(lab: Lab) -> Iterator[Open]:
    """`open_at("/", "phone", "dark")`: a page of https://app.test, or of another site by its whole address."""
    contexts = []

    def open_one(address: str, width: str = "desk", theme: str = "light") -> Opened:
        wide, high = WIDTHS[width]
        context = lab.browser.new_context(viewport={"width": wide, "height": high}, color_scheme=theme)
        context.set_default_timeout(10_000)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.goto(address if address.startswith("https:") else f"https://app.test{address}")
        opened.page.locator("h1").wait_for()
        return opened

    yield open_one
    for context in contexts:
        context.close()


def pressed(page: Page, control: str) -> None:
    """Press a control and wait until its call has been answered."""
    count = "Number(document.documentElement.dataset.calls || 0)"
    before = page.evaluate(count)
    page.get_by_test_id(control).click()
    page.wait_for_function(f"{count} > {before}")


def log_in(page: Page, lab: Lab) -> None:
    page.get_by_test_id("user").fill(lab.user)
    page.get_by_test_id("password").fill(lab.password)
    pressed(page, "log-in")


@pytest.mark.parametrize(("width", "theme"), [("desk", "light"), ("phone", "dark")])
@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_grave_finding_fits_its_window_and_asks_nothing_of_other_sites(
    open_at: Open, address: str, width: str, theme: str
) -> None:
    opened = open_at(address, width, theme)
    assert sideways(opened.page) == []
    assert grave_findings(opened.page) == []
    assert opened.requests, "what is asked for is seen"
    assert opened.strays() == []
    assert opened.complaints == []


@pytest.mark.parametrize(("width", "theme"), [("desk", "dark"), ("phone", "light")])
def test_a_page_in_use_has_no_grave_finding_either(open_at: Open, lab: Lab, width: str, theme: str) -> None:
    opened = open_at("/storage/local-storage?note=<b>A note</b>", width, theme)
    page = opened.page
    log_in(page, lab)
    pressed(page, "add-item")
    page.get_by_test_id("show-requests").locator("summary").click()
    page.get_by_test_id("requests").locator("li").first.wait_for()
    page.get_by_test_id("attack-passive").click()
    page.get_by_test_id("observed-passive").get_by_text("yes").wait_for()
    assert sideways(page) == []
    assert grave_findings(page) == []
    page.get_by_role("link", name="Overview").click()
    page.get_by_test_id("observed").get_by_text("yes").wait_for()
    assert sideways(page) == []
    assert grave_findings(page) == []
    assert opened.strays() == []


@pytest.mark.parametrize("address", ["/", "/storage/memory", "/running"])
def test_tab_reaches_everything_that_can_be_used_in_reading_order(open_at: Open, address: str) -> None:
    page = open_at(address).page
    page.wait_for_timeout(300)  # the list of requests has come, or the word that there is no mode
    wanted = page.evaluate(_FOCUSABLE.replace("summary,", "summary, input, select,"))
    assert len(wanted) > 10
    assert tabbed(page, most=len(wanted) + 20) == wanted


def test_the_keyboard_alone_logs_in_and_asks_who_that_was(open_at: Open, lab: Lab) -> None:
    page = open_at("/storage/cookie-strict").page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(lab.user)
    page.keyboard.press("Tab")
    page.keyboard.type(lab.password)
    page.keyboard.press("Enter")
    page.wait_for_function("document.documentElement.dataset.calls === '1'")
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_function("document.documentElement.dataset.calls === '2'")
    assert page.get_by_test_id("who-answer").text_content() == lab.user


@pytest.mark.parametrize("address", ["/", "/storage/cookie-lax", "/running", "/public"])
def test_headings_are_in_order_and_every_control_has_a_name_of_its_own(open_at: Open, address: str) -> None:
    page = open_at(address).page
    headings_are_in_order(page)
    names = page.eval_on_selector_all("main button, main a.button", "found => found.map((e) => e.textContent.trim())")
    assert all(names)
    assert len(set(names)) == len(names), "a list of buttons tells them apart"


def test_a_new_page_gets_the_focus_and_a_title(open_at: Open) -> None:
    page = open_at("/").page
    page.get_by_role("link", name="Session Storage").first.click()
    page.wait_for_function("document.activeElement.tagName === 'H1'")
    assert page.evaluate("document.activeElement.textContent") == "Session Storage"
    assert page.title() == "Session Storage · authlab browser lab"


@pytest.mark.parametrize("place", PLACES)
def test_every_storage_logs_in_fills_the_cart_and_says_whether_scripts_can_read_it(
    open_at: Open, lab: Lab, place: str
) -> None:
    page = open_at(f"/storage/{place}").page
    log_in(page, lab)
    where = page.get_by_test_id("credential-place")
    assert where.get_attribute("data-readable") == ("yes" if PLACES[place].readable else "no")
    page.get_by_test_id("item").fill(f"from-{place}")
    pressed(page, "add-item")
    assert f"from-{place}" in (page.get_by_test_id("cart").text_content() or "")
    assert page.get_by_test_id("last-status").get_attribute("data-status") == "200"
    pressed(page, "log-out")
    pressed(page, "who")
    assert page.get_by_test_id("who-answer").text_content() == "nobody (401)"
    assert where.get_attribute("data-readable") == "no"


def test_a_user_in_the_fragment_fills_the_log_in_and_stays_neither_in_the_address_nor_in_the_history(
    open_at: Open, lab: Lab
) -> None:
    page = open_at(f"/#user={lab.user}&password={lab.password}").page
    assert page.url == "https://app.test/"
    entries = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    # (`userTypedURL` still has it: Chromium keeps that in memory and shows it nowhere.)
    assert not any(lab.password in entry["url"] for entry in entries)
    page.get_by_role("link", name="Session Storage").first.click()
    assert page.get_by_test_id("user").input_value() == lab.user
    pressed(page, "log-in")
    assert page.get_by_test_id("last-status").get_attribute("data-status") == "200"
    page.reload()
    assert page.get_by_test_id("password").input_value() == "", "it was held by the page alone"


def test_who_asks_while_a_silent_refresh_is_on_its_way_is_known(open_at: Open, lab: Lab) -> None:
    page = open_at("/storage/memory?refresh=1").page
    page.wait_for_function("document.documentElement.dataset.calls === '1'")
    log_in(page, lab)
    page.reload()
    page.get_by_test_id("who").click()
    page.wait_for_function("document.documentElement.dataset.calls === '2'")
    assert page.get_by_test_id("who-answer").text_content() == lab.user


def test_the_closure_variable_is_reachable_from_nowhere(open_at: Open, lab: Lab) -> None:
    page = open_at("/storage/memory").page
    log_in(page, lab)
    seen = page.get_by_test_id("observed-passive")
    page.get_by_test_id("attack-passive").click()
    seen.get_by_text("found nothing").wait_for()
    (chunk,) = [file.name for file in (SPA / "dist" / "assets").glob("*.js")]
    assert page.evaluate(f"import('/assets/{chunk}').then(Object.keys)") == []
    # The same thief finds a token that hangs on any object: it did look.
    page.evaluate("window.deep = { inside: [new Map([['kept', 'abcdefghijkl.abcdefghijkl.abcdefghijkl']])] }")
    seen.get_by_text("window.deep").wait_for()


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_page_says_what_it_does_and_works_against_the_labs_own_sites_only(open_at: Open, name: str) -> None:
    site = "sibling.app.test" if name == "tossing.html" else "evil.test"
    opened = open_at(f"https://{site}/{name}?wait=1&target=https://api.app.test/form/items", "phone", "dark")
    assert "It works against the lab’s own sites only." in (opened.page.locator("main p").first.text_content() or "")
    assert grave_findings(opened.page) == []
    assert sideways(opened.page) == []
    assert not any("api.app.test" in urlsplit(url).netloc for url in opened.requests), "it waits to be told"
    for target in ("https://example.org/buy", "https://api.app.test.example.org/", "http://127.0.0.1/", "javascript:1"):
        opened.page.goto(f"https://{site}/{name}?target={target}")
        assert opened.page.evaluate("document.documentElement.dataset.outcome") == "refused"


def test_the_wheel_carries_the_built_app_and_not_what_it_is_built_from(lab: Lab, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        names = {name for name in archive.namelist() if name.startswith("authlab/_content/services/spa/")}
    wanted = {file for part in ("dist", "attacks") for file in (SPA / part).rglob("*") if file.is_file()}
    assert SPA / "dist" / "index.html" in wanted
    assert names == {f"authlab/_content/{file.relative_to(ROOT).as_posix()}" for file in wanted}


def test_the_lock_file_keeps_integrity_hashes_and_says_nothing_of_where_packages_come_from() -> None:
    lock = json.loads((SPA / "package-lock.json").read_bytes())
    packages = {name: about for name, about in lock["packages"].items() if name}
    assert len(packages) > 20
    assert [name for name, about in packages.items() if "resolved" in about] == []
    assert [name for name, about in packages.items() if not about.get("integrity", "").startswith("sha512-")] == []
