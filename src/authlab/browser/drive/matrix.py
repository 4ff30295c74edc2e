"""The matrix, place by place: the result of each attack, from the API's record, the victim's cart and the loot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from authlab.browser.cells import ATTACHED, CHANGED, KEPT, READABLE, STOLEN, quantity_of
from authlab.browser.drive.asking import waited
from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.browser.sites import API

_ARRIVES_WITHIN_S: Final = 5.0
_LOOT_WITHIN_S: Final = 1.5
_LOOKED_WITHIN_S: Final = 15.0
"""A passive thief walks through every object that it can reach before it reports."""

_FORGED: Final = {
    # attack: the page that carries it out, the call that it targets
    "forged-post": ("forged-post.html", "/form/items"),
    "forged-json": ("forged-json.html", "/cart/items"),
    "forged-get": ("forged-get.html", "/buy"),
    "forged-fetch-blocked": ("forged-fetch.html", "/form/items"),
    "forged-fetch-allowed": ("forged-fetch.html", "/form/items"),
}

Begin = Callable[[], Story]
NOT_RUN: Final = "the attack did not run, so its failure means nothing"


def place_answers(
    place: str, attacks: Sequence[str], begin: Begin, look: Callable[[Story, list[Answer]], None]
) -> None:
    """Run these attacks on one place. `look` gets the answers of each story while its page is still open."""
    forged = [attack for attack in attacks if attack in _FORGED]
    if "reload" in attacks or forged:
        story = _logged_in(place, begin)
        look(story, [answer for answer in [_reload(place, story)] if "reload" in attacks])
        for attack in forged:
            look(story, list(_forge(place, attack, story)))
        story.close()
    for attack, act in (("steal-passive", _steal_passive), ("steal-active", _steal_active), ("ride", _ride)):
        if attack in attacks:
            story = _logged_in(place, begin)
            look(story, [act(place, story)])
            story.close()


def _logged_in(place: str, begin: Begin) -> Story:
    story = begin()
    story.open(place)
    story.log_in()
    if not story.knows_me():
        raise RuntimeError(f"{place}: the log-in did not log in, so no attack on it means anything")
    return story


def _reload(place: str, story: Story) -> Answer:
    story.reload()
    return Answer(place, quantity_of("reload", KEPT), story.knows_me())


def _forge(place: str, attack: str, story: Story) -> Iterator[Answer]:
    page, path = _FORGED[attack]
    since, item = story.asking.last(), attack
    story.attack(page, f"https://{API}{path}", item)
    came = story.asking.arrived(
        since, lambda e: e["path"] == path and e["fetch"].get("sec-fetch-site") == "cross-site", _ARRIVES_WITHIN_S
    )
    if came is None:
        for question in (ATTACHED, CHANGED, *((READABLE,) if "fetch" in attack else ())):
            yield Answer(place, quantity_of(attack, question), None, NOT_RUN)
        return
    said = f"{came['method']} {came['path']} was answered {came['status']}; cookies: {cookie_names(came)}"
    yield Answer(place, quantity_of(attack, ATTACHED), came["credential"] is not None, said)
    yield Answer(place, quantity_of(attack, CHANGED), item in story.asking.cart(story.user), said)
    if "fetch" in attack:
        # Only the answer contains the victim's name: a page of evil.test that shows the name has read the answer.
        yield Answer(place, quantity_of(attack, READABLE), story.user in story.outcome(), said)


def _steal_passive(place: str, story: Story) -> Answer:
    """The passive thief reports what it found, and also if it found nothing."""
    quantity, before = quantity_of("steal-passive", STOLEN), len(story.asking.loot())
    if not story.inject("thief-passive.js"):
        return Answer(place, quantity, None, NOT_RUN)
    brought = waited(lambda: story.asking.loot()[before:], _LOOKED_WITHIN_S)
    if not brought:
        return Answer(place, quantity, None, "the thief did not come to its report")
    works = any(story.user in entry["works_for"] for entry in brought)
    return Answer(place, quantity, works, f"{brought[0]['bytes']} bytes came to evil.test")


def _steal_active(place: str, story: Story) -> Answer:
    return stolen(place, quantity_of("steal-active", STOLEN), story, next_request=True)


def stolen(subject: str, quantity: str, story: Story, *, next_request: bool) -> Answer:
    """Inject the active thief, which does more than the passive one. The answer is whether a working credential reached
    evil.test, after the page's `next_request` if requested."""
    before = len(story.asking.loot())
    if not (story.inject("thief-active.js") and (not next_request or story.inject("thief-passive.js"))):
        return Answer(subject, quantity, None, NOT_RUN)
    if next_request:
        # The thief's own attempt at a refresh shows that its wrappers are in place.
        story.asking.arrived(story.begun, lambda e: e["path"] == "/refresh", _ARRIVES_WITHIN_S)
        story.press("who")
    brought = waited(lambda: [e for e in story.asking.loot()[before:] if story.user in e["works_for"]], _LOOT_WITHIN_S)
    count = len(story.asking.loot()) - before
    return Answer(subject, quantity, bool(brought), f"{count} deliveries to evil.test")


def _ride(place: str, story: Story) -> Answer:
    before = story.asking.cart(story.user)
    if not story.inject("rider.js"):
        return Answer(place, quantity_of("ride", CHANGED), None, NOT_RUN)
    after = waited(lambda: story.asking.cart(story.user) if story.asking.cart(story.user) != before else None, 4.0)
    return Answer(place, quantity_of("ride", CHANGED), after is not None, f"the cart afterwards: {after or before}")


def cookie_names(entry: object) -> str:
    """The names of the cookies in a recorded request, in words."""
    cookies = entry["cookies"] if isinstance(entry, dict) else []
    return ", ".join(cookie["name"] for cookie in cookies) or "none"
