"""A sibling subdomain in the attacker's hands: for SameSite it is the same site, and it can set cookies for it."""

from __future__ import annotations

from typing import Final

from authlab.browser.drive.scene import Look, Scene
from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.browser.sites import API, SIBLING

_WITHIN_S: Final = 5.0
_COOKIE: Final = {"cookie-lax": "session_lax", "cookie-host": "__Host-session"}
_GUARDED: Final = """async ([api, item]) => {
  const answer = await fetch(api + '/csrf', {credentials: 'include'});
  const {csrf_token} = await answer.json();
  await fetch(api + '/guarded/items', {method: 'POST', credentials: 'include', body: JSON.stringify({item}),
    headers: {'Content-Type': 'application/json', 'X-CSRF-Token': csrf_token}});
}"""
_ADOPTING: Final = """async ([address, username, password]) => {
  const answer = await fetch(address, {method: 'POST', credentials: 'include',
    headers: {'Content-Type': 'application/json'}, body: JSON.stringify({username, password})});
  return answer.status;
}"""


def forged_form(scene: Scene, look: Look) -> None:
    """A form on the sibling posts to the API: without guards, then with each of the two guards alone."""
    for place in ("cookie-lax", "cookie-strict"):
        story = _logged_in(scene, place)
        came, changed = _post(scene, story, "/form/items")
        answers = [Answer(place, "sent with a sibling's forged POST", came)]
        if place == "cookie-strict":
            answers.append(Answer(place, "state changed by a sibling", changed))
        look(story, answers)
        if place == "cookie-strict":
            for guard, only in (("Origin check", "origin"), ("CSRF token", "token")):
                came, changed = _post(scene, story, f"/guarded/items?only={only}")
                seen = changed if came else None  # a guard that never saw the cookie has guarded nothing
                look(story, [Answer(guard, "state changed by a sibling", seen)])
            story.open(place)
            story.run(_GUARDED, [f"https://{API}", "own"])
            own = "own" in scene.asking.cart(story.user)
            look(story, [Answer("own page", "state changed past both guards", own)])
        story.close()


def tossing(scene: Scene, look: Look) -> None:
    """The sibling sets the attacker's session id as a cookie of the whole site, for a path of its choice."""
    for place, cookie in _COOKIE.items():
        attacker = _logged_in(scene, place)
        theirs = next(c["value"] for c in attacker.context.cookies() if c.get("name") == cookie)
        story = _logged_in(scene, place)
        story.attack("tossing.html", f"https://{API}/", "none", SIBLING, name=cookie, value=theirs, path="/cart")
        story.page.wait_for_selector("html[data-outcome=set], html[data-outcome=unseen]", state="attached")
        story.open(place)
        story.press("add-item")
        mine, wrong = scene.asking.cart(story.user), scene.asking.cart(attacker.user)
        value = bool(wrong) if mine or wrong else None
        look(story, [Answer(place, "victim acts in the attacker's session", value, f"own cart {mine}, other {wrong}")])
        attacker.close()
        story.close()


def fixation(scene: Scene, look: Look) -> None:
    """The attacker's anonymous session id is planted before the victim logs in; then the attacker uses it."""
    for subject, adopt in (("id adopted at log-in", "&adopt=1"), ("new id at log-in", "")):
        _, anonymous = scene.asking.call("POST", "/session?storage=cookie-lax")
        cookie, value = anonymous["cookie"], anonymous["value"]
        story = scene.begin()
        story.attack("tossing.html", f"https://{API}/", "none", SIBLING, name=cookie, value=value)
        story.page.wait_for_selector("html[data-outcome=set]", state="attached")
        story.open("cookie-lax")
        address = f"https://{API}/login?storage=cookie-lax{adopt}"
        status = story.run(_ADOPTING, [address, story.user, story.password])
        theirs, answer = scene.asking.call("GET", "/me", headers={"Cookie": f"{cookie}={value}"})
        works = theirs == 200 and answer["user"] == story.user if status == 200 else None
        look(story, [Answer(subject, "planted id works for the attacker", works, f"answered {theirs}")])
        story.close()


def _logged_in(scene: Scene, place: str) -> Story:
    story = scene.begin()
    story.open(place)
    story.log_in()
    return story


def _post(scene: Scene, story: Story, call: str) -> tuple[bool | None, bool]:
    """Whether the cookie was attached (None if no request came), and whether the cart has the item."""
    since, item = scene.asking.last(), f"sibling-{scene.asking.last()}"
    story.attack("forged-post.html", f"https://{API}{call}", item, SIBLING)
    path = call.partition("?")[0]
    came = scene.asking.arrived(since, lambda e: e["path"] == path and e["method"] == "POST", _WITHIN_S)
    return None if came is None else came["credential"] is not None, item in scene.asking.cart(story.user)
