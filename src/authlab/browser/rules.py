"""What must happen in each cell of the matrix if the web's rules are as documented. There is no table of answers: each
prediction is derived from the place's attributes, and names the rule that it follows from."""

from __future__ import annotations

from typing import Final, NamedTuple

from authlab.browser.cells import ATTACHED, ATTACKS, READABLE
from authlab.browser.places import PLACES, Place


class Ruling(NamedTuple):
    """The answer of a rule to one question, and the rule in words."""

    holds: bool
    rule: str


_SENT_TOP_POST: Final = {
    "None": Ruling(True, "SameSite=None is sent with every request"),
    "unset": Ruling(
        True, "without SameSite a cookie is Lax, but sent with a top-level POST while it is younger than 2 min"
    ),
    "Lax": Ruling(False, "Lax is not sent with a cross-site POST"),
    "Strict": Ruling(False, "Strict is not sent with any cross-site request"),
}
_SENT_TOP_GET: Final = {
    "None": Ruling(True, "SameSite=None is sent with every request"),
    "unset": Ruling(True, "without SameSite a cookie is Lax: sent with a top-level GET"),
    "Lax": Ruling(True, "Lax is sent with a top-level GET"),
    "Strict": Ruling(False, "Strict is not sent with any cross-site request"),
}
_NO_HEADER: Final = Ruling(False, "no browser attaches a bearer header by itself")


def ruling(place: Place, attack: str, question: str) -> Ruling:
    """The prediction for one question of a cell. Raises KeyError for a question that the cell does not have."""
    if question not in ATTACKS[attack].questions:
        raise KeyError(f"{attack} does not ask {question}")
    if attack == "steal-passive":
        return _passive(place)
    if attack == "steal-active":
        return _active(place)
    if attack == "ride":
        return Ruling(True, "an injected script is the page: it does whatever the page can do")
    if attack == "reload":
        return _reload(place)
    sent = _sent(place, attack)
    if question == ATTACHED:
        return sent
    if question == READABLE:
        return Ruling(False, "the API names https://app.test as the only origin that may read")
    if attack == "forged-json":
        return Ruling(False, "a form can't send application/json: 415, whatever it carries")
    return Ruling(
        sent.holds, "the endpoint does what a request with a valid credential asks" if sent.holds else sent.rule
    )


def rulings() -> dict[tuple[str, str, str], Ruling]:
    """Every prediction of the matrix by (place, attack, question)."""
    return {
        (place.id, attack.id, question): ruling(place, attack.id, question)
        for attack in ATTACKS.values()
        for place in PLACES.values()
        for question in attack.questions
    }


def _sent(place: Place, attack: str) -> Ruling:
    if place.same_site is None:
        return _NO_HEADER
    if attack in ("forged-post", "forged-json"):
        return _SENT_TOP_POST[place.same_site]
    if attack == "forged-get":
        return _SENT_TOP_GET[place.same_site]
    if place.same_site != "None":
        return Ruling(False, "only SameSite=None is sent with a cross-site request that is no navigation")
    if attack == "forged-fetch-blocked":
        return Ruling(False, "a cross-site fetch carries third-party cookies, and those are blocked")
    return Ruling(True, "SameSite=None is sent where third-party cookies are allowed")


def _passive(place: Place) -> Ruling:
    if place.readable:
        return Ruling(True, "a script of the page reads what lies there")
    why = "a closure variable can't be reached from outside" if not place.attached else "httpOnly hides it from scripts"
    return Ruling(False, why)


def _active(place: Place) -> Ruling:
    if place.readable:
        return Ruling(True, "a script of the page reads what lies there")
    if not place.attached:
        return Ruling(True, "the page's next request hands the token to the wrapped fetch and XMLHttpRequest")
    return Ruling(False, "httpOnly: the browser attaches the cookie after every script has run")


def _reload(place: Place) -> Ruling:
    if place.kept:
        return Ruling(True, "what lies in a storage or cookie is there after a reload")
    return Ruling(False, "a variable ends with its page")
