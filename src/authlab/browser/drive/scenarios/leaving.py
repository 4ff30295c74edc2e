"""Reloading and leaving: the silent refresh, and the back button after a log-out."""

from __future__ import annotations

from authlab.browser.drive.matrix import stolen
from authlab.browser.drive.scene import Look, Scene
from authlab.browser.order import Answer
from authlab.browser.sites import APP


def silent_refresh(scene: Scene, look: Look) -> None:
    """A token in memory beside a refresh cookie: what a reload loses, and what an injected script gets."""
    subject = "memory + refresh"
    story = scene.begin()
    story.open("memory", "?refresh=1")
    story.log_in()
    since = scene.asking.last()
    story.reload()
    scene.asking.arrived(since, lambda e: e["path"] == "/refresh" and e["status"] == 200, 5.0)
    story.until("Number(document.documentElement.dataset.calls || 0) > 0")
    look(story, [Answer(subject, "still logged in after a reload", story.knows_me())])
    # Nobody uses the page meanwhile, so the thief itself requested whatever it gets.
    theft = stolen(subject, "token stolen by calling refresh", story, next_request=False)
    look(story, [theft])
    story.close()


def log_out_and_back(scene: Scene, look: Look) -> None:
    """Log out, go on to a public page, press back, and send GET /me."""
    for place in ("cookie-lax", "local-storage"):
        story = scene.begin()
        story.open(place)
        story.log_in()
        before = story.knows_me()
        story.press("log-out")
        story.page.goto(f"https://{APP}/public")
        story.page.go_back()
        story.page.get_by_test_id("who").wait_for()
        after = story.knows_me() if before else None
        look(story, [Answer(place, "logged in after log-out and back", after)])
        story.close()
