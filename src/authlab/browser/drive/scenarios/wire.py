"""The wire between browser and proxy: what an eavesdropper gets there, and what the browser never sends there."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Response

from authlab.browser.drive.scene import Look, Scene
from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.browser.sites import API, APP, PLAIN

_LOG_IN: Final = """async ([username, password, more]) => {
  const answer = await fetch('/login?storage=cookie-lax' + more, {method: 'POST',
    headers: {'Content-Type': 'application/json'}, body: JSON.stringify({username, password})});
  const me = await fetch('/me');
  return [answer.status, me.status];
}"""
_BEARER: Final = """async ([address, token]) => {
  try { await fetch(address, {headers: {Authorization: 'Bearer ' + token}}); } catch {}
}"""


def tapped(scene: Scene, look: Look) -> None:
    """The same log-in by HTTP and by HTTPS, and whether its password and session id are among the bytes."""
    for name, scheme, tap in (("HTTP", "http", scene.clear), ("HTTPS", "https", scene.secured)):
        story = scene.begin()
        before = len(tap.heard())
        story.page.goto(f"{scheme}://{PLAIN}/blank")
        status = story.run(_LOG_IN, [story.user, story.password, ""])
        session = _session(story)
        heard = tap.heard()[before:]
        works = status == [200, 200] and session and heard
        for what, secret in (("session id", session), ("password", story.password)):
            value = secret.encode() in heard if works else None
            look(story, [Answer(name, f"tap reads the {what}", value, f"{len(heard)} bytes heard")])
        story.close()


def secure_cookie(scene: Scene, look: Look) -> None:
    """A cookie set by HTTPS, with and without Secure; then the same host is visited by HTTP."""
    for subject, more in (("Secure cookie", ""), ("cookie without Secure", "&secure=0")):
        story = scene.begin()
        story.page.goto(f"https://{PLAIN}/blank")
        status = story.run(_LOG_IN, [story.user, story.password, more])
        before = len(scene.clear.heard())
        story.page.goto(f"http://{PLAIN}/me")
        heard = scene.clear.heard()[before:]
        value = _session(story).encode() in heard if status == [200, 200] and b"GET /me" in heard else None
        look(story, [Answer(subject, "sent in clear", value)])
        story.close()


def public_pages_only(scene: Scene, look: Look) -> None:
    """What the proxy does with a public page, another page and an API call over HTTP."""
    story = scene.begin()
    public = story.page.goto(f"http://{APP}/public")
    served = public is not None and public.status == 200 and public.url.startswith("http:")
    look(story, [Answer("public page", "served by HTTP", served)])
    story.close()
    story = scene.begin()
    other = story.page.goto(f"http://{APP}/storage/cookie-lax")
    look(story, [Answer("other page", "redirected to HTTPS", _redirected(other))])
    story.close()
    story = scene.begin()
    _, login = scene.asking.call(
        "POST", "/login?storage=local-storage", {"username": story.user, "password": story.password}
    )
    token = login["access_token"]
    answers: list[Response] = []
    story.page.on("response", lambda answer: answers.append(answer))
    story.page.goto(f"http://{APP}/public")
    before = len(scene.clear.heard())
    # From the API's own origin: from another one the browser would send a preflight first, which is refused.
    story.page.goto(f"http://{API}/me")
    story.run(_BEARER, [f"http://{API}/me", token])
    refused = [a for a in answers if a.url == f"http://{API}/me"]
    value = all(a.status == 403 for a in refused) if refused else None
    exposed = token.encode() in scene.clear.heard()[before:]
    look(story, [Answer("API call", "refused, not redirected", value)])
    look(story, [Answer("API call", "token exposed all the same", exposed)])
    story.close()


def strict_transport(scene: Scene, look: Look) -> None:
    """A page requested over HTTP, before and after its host has set HSTS over HTTPS."""
    story = scene.begin()
    for subject in ("before HSTS was seen", "after HSTS was seen"):
        if subject.startswith("after"):
            story.page.goto(f"https://{APP}/public")
        before = len(scene.clear.heard())
        story.page.goto(f"http://{APP}/public")
        heard = scene.clear.heard()[before:]
        look(story, [Answer(subject, "request in clear", b"GET /public" in heard, f"ended on {story.page.url}")])
    story.close()


def _redirected(answer: Response | None) -> bool:
    if answer is None or answer.request.redirected_from is None:
        return False
    return answer.request.redirected_from.url.startswith("http:") and answer.url.startswith("https:")


def _session(story: Story) -> str:
    return next((c.get("value", "") for c in story.context.cookies() if c.get("name") == "session_lax"), "")
