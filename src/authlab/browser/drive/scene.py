"""What a scenario gets, and what it may leave for later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from authlab.browser.drive.asking import Asking
from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.browser.tap import Tap

Look = Callable[[Story, list[Answer]], None]
"""Takes the answers of a story while its page is still open."""


@dataclass(frozen=True)
class Scene:
    """`begin` gives a story of a new user in a fresh context. The taps record what the browser sends."""

    begin: Callable[[], Story]
    asking: Asking
    clear: Tap
    secured: Tap


@dataclass(frozen=True)
class Later:
    """The rest of a scenario. The rests are finished in the order of `due_s` (of `time.monotonic`); each waits
    itself."""

    name: str
    due_s: float
    finish: Callable[[Look], object]


Scenario = Callable[[Scene, Look], Iterable[Later] | None]
