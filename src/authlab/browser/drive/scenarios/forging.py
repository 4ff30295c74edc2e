"""Forged requests beyond the matrix: an endpoint that takes JSON of any type, and the two minutes of a new cookie."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from authlab.browser.checks import APART, TOGETHER
from authlab.browser.drive.scene import Later, Look, Scene
from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.browser.sites import API

_WITHIN_S: Final = 5.0


def loose_json(scene: Scene, look: Look) -> None:
    """A form of text/plain whose field spells JSON, to an endpoint that doesn't look at the type."""
    story = scene.begin()
    story.open("cookie-none")
    story.log_in()
    since = scene.asking.last()
    story.attack("forged-json.html", f"https://{API}/loose/items", "loose")
    came = scene.asking.arrived(since, lambda e: e["path"] == "/loose/items", _WITHIN_S)
    done = None if came is None else "loose" in scene.asking.cart(story.user)
    look(story, [Answer("cookie-none", "JSON as text/plain carried out", done)])
    story.close()


def age(scene: Scene, _look: Look) -> Iterable[Later]:
    """A cookie without SameSite, left alone until it is old enough; one story for each age, so that none renews it."""
    for seconds in (TOGETHER, APART):
        story = scene.begin()
        story.open("cookie-unset")
        story.log_in()
        due = time.monotonic() + seconds
        yield Later("age", due, lambda look, s=story, d=due, a=seconds: _aged(scene, look, s, d, a))  # type: ignore[misc]


def _aged(scene: Scene, look: Look, story: Story, due: float, seconds: int) -> None:
    time.sleep(max(0.0, due - time.monotonic()))
    late = time.monotonic() - due
    since = scene.asking.last()
    story.attack("forged-post.html", f"https://{API}/form/items", "aged")
    came = scene.asking.arrived(since, lambda e: e["path"] == "/form/items", _WITHIN_S)
    sent = None if came is None else came["credential"] is not None
    note = f"{seconds + late:.1f} s after the log-in"
    if seconds == TOGETHER and late > 8:
        sent, note = None, f"{note}: the machine was too busy, the two minutes may have been over"
    if story.disturbed:
        sent, note = None, "the machine's network changed meanwhile"
    look(story, [Answer("cookie-unset", f"sent with a forged POST at {seconds} s", sent, note)])
    story.close()
