"""An injected script against a content security policy."""

from __future__ import annotations

from authlab.browser.cells import STOLEN
from authlab.browser.drive.matrix import NOT_RUN
from authlab.browser.drive.scene import Look, Scene
from authlab.browser.order import Answer
from authlab.browser.sites import STRICT


def content_security_policy(scene: Scene, look: Look) -> None:
    """The same page under a policy without inline scripts: the browser must report that it stopped the handler."""
    story = scene.begin()
    story.open("local-storage", site=STRICT)
    story.log_in()
    story.run("() => addEventListener('securitypolicyviolation', e => { window.stopped = e.effectiveDirective; })")
    before = len(scene.asking.loot())
    ran = story.inject("thief-passive.js")
    stopped = story.run("() => window.stopped || ''")
    loot = [entry for entry in scene.asking.loot()[before:] if story.user in entry["works_for"]]
    # That nothing was stolen means something only if the browser stopped a handler.
    value = bool(loot) if ran or stopped else None
    said = f"stopped by {stopped}" if stopped else NOT_RUN
    look(story, [Answer("local-storage, CSP", STOLEN, value, said)])
    story.close()
