"""CORS: who can read the answer, and what was carried out although nobody could read it."""

from __future__ import annotations

from typing import Final

from authlab.browser.drive.scene import Look, Scene
from authlab.browser.order import Answer
from authlab.browser.sites import API

_PREFIX: Final = {"exact": "", "star": "/cors-star", "none": "/cors-none", "reflect": "/cors-reflect"}
_WITHIN_S: Final = 5.0
_SIMPLE: Final = """async ([address, item]) => {
  try { await fetch(address, {method: 'POST', credentials: 'include', body: new URLSearchParams({item})}); } catch {}
}"""
_JSON: Final = """async ([address, item]) => {
  try {
    await fetch(address, {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'},
                          body: JSON.stringify({item})});
  } catch {}
}"""


def of_the_page(scene: Scene, look: Look) -> None:
    """The page of app.test with Axios and `withCredentials`, under each policy of the API."""
    for policy, prefix in _PREFIX.items():
        story = scene.begin()
        story.open("cookie-lax")
        story.log_in()
        story.open("cookie-lax", f"?cors={policy}")
        since = scene.asking.last()
        reads = story.says_me()
        me = scene.asking.arrived(since, lambda e, path=f"{prefix}/me": e["path"] == path, _WITHIN_S)  # type: ignore[misc]
        sent = None if me is None else me["credential"] is not None
        answers = [Answer(policy, "page reads the answer", reads), Answer(policy, "cookie attached", sent)]
        if policy != "reflect":
            story.run(_SIMPLE, [f"https://{API}{prefix}/form/items", "simple"])
            story.run(_JSON, [f"https://{API}{prefix}/cart/items", "preflighted"])
            cart = scene.asking.cart(story.user)
            answers.append(Answer(policy, "simple POST carried out", "simple" in cart, f"the cart: {cart}"))
            answers.append(Answer(policy, "JSON POST carried out", "preflighted" in cart, f"the cart: {cart}"))
        look(story, answers)
        story.close()


def of_evil(scene: Scene, look: Look) -> None:
    """A page of evil.test, with third-party cookies allowed and a cookie of SameSite=None."""
    for policy in ("exact", "reflect"):
        prefix = _PREFIX[policy]
        story = scene.begin()
        story.open("cookie-none")
        story.log_in()
        story.attack("forged-fetch.html", f"https://{API}{prefix}/me", "none", method="GET")
        read = story.user in story.outcome()
        look(story, [Answer(policy, "evil.test reads the answer", read, story.outcome())])
        story.attack("forged-json.html", f"https://{API}{prefix}/cart/items", "evil-json", **{"as": "json"})
        said = story.outcome()
        done = "evil-json" in scene.asking.cart(story.user)
        look(story, [Answer(policy, "evil.test's JSON carried out", done, said)])
        story.close()
