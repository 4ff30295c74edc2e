"""One Chromium, one order: `python -m authlab.browser.drive ORDER`."""

from __future__ import annotations

import json
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from authlab.browser.chromium import flags, make_profile
from authlab.browser.drive.asking import Asking
from authlab.browser.drive.evidence import keep_evidence
from authlab.browser.drive.matrix import place_answers
from authlab.browser.drive.scenarios import SCENARIOS, Later, Scene
from authlab.browser.drive.story import Story
from authlab.browser.order import FAILED, Answer, Order, append_answer
from authlab.browser.sites import resolver_rules
from authlab.browser.tap import Tap

Act = Callable[[Callable[[Story, list[Answer]], None]], object]
"""Runs stories, and passes on their answers while their pages are still open."""

TRIES: Final = 3
_BEFORE_DUE_S: Final = 12.0


def main(arguments: Sequence[str]) -> int:
    """Carry the order out. Returns 0 unless Chromium itself could not be driven. A failed story loses only its
    answers."""
    order = Order.read(Path(arguments[0]))
    with Tap(order.https) as secured, Tap(order.http) as clear, _chromium(order, secured, clear) as browser:
        worker = _Worker(order, browser)
        later: list[Later] = []
        scene = Scene(worker.begin, worker.asking, clear, secured)
        for name in order.scenarios:
            left: list[Later] = []
            later = worker.finish_due(later, _BEFORE_DUE_S)
            worker.attempt(name, partial(_tell, name, scene, left))
            later += left
        places: dict[str, list[str]] = {}
        for place, attack in order.cells:
            places.setdefault(place, []).append(attack)
        for place, attacks in places.items():
            later = worker.finish_due(later, _BEFORE_DUE_S)
            worker.attempt(place, partial(place_answers, place, attacks, worker.begin))
        worker.finish_due(later, math.inf)
    return 0


def _tell(name: str, scene: Scene, left: list[Later], look: Callable[[Story, list[Answer]], None]) -> None:
    left[:] = SCENARIOS[name](scene, look) or ()


@contextmanager
def _chromium(order: Order, secured: Tap, clear: Tap) -> Iterator[Browser]:
    profile = make_profile(Path(order.profile), third_party_cookies=order.third_party_cookies)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=order.chromium,
            headless=True,
            args=flags(resolver_rules(secured.port, clear.port), order.fingerprint),
            # The lab's own deadlines and its guardian end it. A signal for the lab must not reach it first.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        browser = context.browser
        if browser is None:
            raise RuntimeError("this Playwright can't start a browser with its own profile: install a newer one")
        yield browser
        context.close()


class _Worker:
    """Runs stories in fresh contexts, each with the next user, and writes down their answers."""

    def __init__(self, order: Order, browser: Browser) -> None:
        self._order = order
        self._browser = browser
        self._answers = Path(order.answers)
        self.asking = Asking(order.api)
        people = json.loads(Path(order.credentials).read_text(encoding="utf-8"))["users"]
        self._people = iter(people[order.users[0] : order.users[1]])
        self._open: list[Story] = []

    def begin(self) -> Story:
        """A story of a user who has done nothing yet."""
        person = next(self._people)
        story = Story(self._browser.new_context(), self.asking, person["username"], person["password"])
        self._open.append(story)
        return story

    def attempt(self, name: str, act: Act, tries: int = TRIES) -> None:
        """Run one act and write its answers down. If it was disturbed or broke off, it is run again from the start,
        whatever it had answered. An act that never completes leaves its questions unanswered."""
        for left in reversed(range(tries)):
            first, answers, trouble = len(self._open), list[Answer](), ""
            try:
                act(lambda story, found, kept=answers: kept.extend(self._seen(story, found)))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - a story that fails must not take the others along
                print(f"{name} broke off:", file=sys.stderr)
                traceback.print_exc()
                trouble = str(error).strip().partition("\n")[0][:300] or type(error).__name__
            if any(story.disturbed for story in self._open[first:]):
                trouble = "the machine's network changed meanwhile"
            if not trouble:
                for answer in answers:
                    append_answer(self._answers, answer)
                return
            for story in self._open[first:]:
                story.close()
            if not left:
                append_answer(self._answers, Answer(name, FAILED, None, trouble))

    def finish_due(self, later: list[Later], within_s: float) -> list[Later]:
        """Finish what is due within that time, in order. Returns the rest: a story takes longer than a moment."""
        waiting = sorted(later, key=lambda item: item.due_s)
        while waiting and waiting[0].due_s - time.monotonic() < within_s:
            what = waiting.pop(0)
            self.attempt(what.name, what.finish, tries=1)
        return waiting

    def _seen(self, story: Story, answers: list[Answer]) -> Iterator[Answer]:
        for answer in answers:
            expected = self._order.predicted.get(answer.key)
            if answer.value is not None and expected is not None and answer.value != expected:
                yield keep_evidence(Path(self._order.evidence), story, answer)
            else:
                yield answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
