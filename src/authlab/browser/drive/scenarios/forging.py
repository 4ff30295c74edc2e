"""Forged requests beyond the matrix: JSON of any type, images and frames, and the two minutes of a new cookie."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from authlab.browser.cells import ATTACHED, CHANGED
from authlab.browser.checks import AGED, APART, EMBEDDED, OTHER_AGAIN, SAME_AGAIN, SET_AGAIN, TOGETHER, embedded
from authlab.browser.drive.scene import Later, Look, Scene
from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.browser.sites import API

_WITHIN_S: Final = 5.0
_AGED_WITHIN_S: Final = 20.0
"""Patience for a story that can't be repeated, because it has waited two minutes."""

_LATE_S: Final = {AGED.format(TOGETHER): 8.0, OTHER_AGAIN: 60.0}
"""How late, in seconds, a "no" may be and still count. Later, the two minutes may have passed anyway."""
_EMBEDDED_PAGES: Final = {"forged-img": "forged-img.html", "forged-frame": "frame.html"}
_KEEP: Final = """async (address) => {
  await fetch(address, {method: 'POST', credentials: 'include'});
}"""


def loose_json(scene: Scene, look: Look) -> None:
    """A form of text/plain whose field spells JSON, sent to an endpoint that doesn't check the type."""
    story = scene.begin()
    story.open("cookie-none")
    story.log_in()
    since = scene.asking.last()
    story.attack("forged-json.html", f"https://{API}/loose/items", "loose")
    came = scene.asking.arrived(since, lambda e: e["path"] == "/loose/items", _WITHIN_S)
    done = None if came is None else "loose" in scene.asking.cart(story.user)
    look(story, [Answer("cookie-none", "JSON as text/plain carried out", done)])
    story.close()


def embedding(policy: str, scene: Scene, look: Look) -> None:
    """An image and a frame of evil.test whose address is the GET that changes the cart, under this policy of the
    browser for third-party cookies."""
    for place in ("cookie-none", "cookie-unset", "cookie-lax"):
        story = scene.begin()
        story.open(place)
        story.log_in()
        for attack, element in EMBEDDED.items():
            since = scene.asking.last()
            story.attack(_EMBEDDED_PAGES[attack], f"https://{API}/buy", attack)
            came = scene.asking.arrived(since, lambda e: e["path"] == "/buy", _WITHIN_S)
            sent = None if came is None else came["credential"] is not None
            done = None if came is None else attack in scene.asking.cart(story.user)
            said = (
                "it never came to the API" if came is None else f"sec-fetch-dest: {came['fetch'].get('sec-fetch-dest')}"
            )
            answers = ((ATTACHED, sent), (CHANGED, done))
            look(story, [Answer(place, embedded(element, policy, what), value, said) for what, value in answers])
        story.close()


def age(scene: Scene, _look: Look) -> Iterable[Later]:
    """A cookie without SameSite, left alone until it is old enough. Each age has its own story, so that none renews it.
    Two more stories set it again before: a sliding session to the same value, and a second log-in to another."""
    for seconds in (TOGETHER, APART):
        story, due = _new_cookie(scene, seconds)
        yield Later("age", due, partial(_aged, scene, story, due, AGED.format(seconds), None))
    for again, question in ((_slide, SAME_AGAIN), (_log_in_again, OTHER_AGAIN)):
        story, due = _new_cookie(scene, APART)
        done: list[bool] = []
        yield Later("age", due - APART + SET_AGAIN, partial(_set_again, scene, story, again, done))
        yield Later("age", due, partial(_aged, scene, story, due, question, done))


def _new_cookie(scene: Scene, seconds: int) -> tuple[Story, float]:
    story = scene.begin()
    story.open("cookie-unset")
    story.log_in()
    return story, time.monotonic() + seconds


def _slide(story: Story) -> None:
    story.run(_KEEP, f"https://{API}/keep")


def _log_in_again(story: Story) -> None:
    story.log_in()


def _set_again(scene: Scene, story: Story, again: Callable[[Story], None], done: list[bool], _look: Look) -> None:
    before, since = _value(story), scene.asking.last()
    again(story)
    answered = scene.asking.arrived(since, lambda e: e["method"] == "POST" and e["status"] == 200, _WITHIN_S)
    if answered is not None and (_value(story) == before) == (again is _slide):
        done.append(True)


def _value(story: Story) -> str:
    return next((c.get("value", "") for c in story.context.cookies() if c.get("name") == "session_unset"), "")


def _aged(scene: Scene, story: Story, due: float, question: str, done: list[bool] | None, look: Look) -> None:
    """`done` is empty if the cookie should have been set again and was not: then there is no answer."""
    time.sleep(max(0.0, due - time.monotonic()))
    late = time.monotonic() - due
    since = scene.asking.last()
    story.attack("forged-post.html", f"https://{API}/form/items", "aged")
    came = scene.asking.arrived(since, lambda e: e["path"] == "/form/items", _AGED_WITHIN_S)
    sent = None if came is None else came["credential"] is not None
    note = f"{late:.1f} s late" if came is not None else "the forged request did not come to the API"
    if not sent and late > _LATE_S.get(question, math.inf):
        sent, note = None, f"{note}: the machine was too busy, the two minutes may have been over"
    if done == []:
        sent, note = None, "the cookie was not set again"
    if story.disturbed:
        sent, note = None, "the machine's network changed meanwhile"
    look(story, [Answer("cookie-unset", question, sent, note)])
    story.close()
