"""The single scenarios: the questions of each, and the expected answers. The matrix's cells are in `rules`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from authlab.browser.cells import ATTACHED, CHANGED


class Check(NamedTuple):
    """One yes-or-no question. `scenario` is the story that answers it, `subject` the person or thing that it is about.

    `control` is the (subject, question) that must be answered yes before a no to this one means anything.
    """

    scenario: str
    subject: str
    question: str
    holds: bool
    rule: str
    control: tuple[str, str] | None = None


TOGETHER: Final = 106
APART: Final = 131
"""Ages in seconds of a cookie without SameSite: below and above Chromium's two minutes."""

SET_AGAIN: Final = 80
"""Age in seconds at which such a cookie is set again, less than two minutes before `APART`."""

AGED: Final = "sent with a forged POST at {} s"
SAME_AGAIN: Final = f"{AGED.format(APART)}, the same value set again at {SET_AGAIN} s"
OTHER_AGAIN: Final = f"{AGED.format(APART)}, another value set at {SET_AGAIN} s"

EMBEDDED: Final = {"forged-img": "image", "forged-frame": "frame"}
"""What a page of another site can embed to send a GET, by the name of the attack page."""

THIRD_PARTY: Final = ("blocked", "allowed")


def embedded(element: str, policy: str, what: str) -> str:
    """`cookie attached by a forged image, third-party cookies blocked`."""
    return f"{what} by a forged {element}, third-party cookies {policy}"


def _of_embedded() -> Iterator[Check]:
    for element in EMBEDDED.values():
        for policy in THIRD_PARTY:
            for place in ("cookie-none", "cookie-unset", "cookie-lax"):
                carried = place == "cookie-none" and policy == "allowed"
                rule = "SameSite=None is sent where third-party cookies are allowed"
                if place != "cookie-none":
                    rule = "only SameSite=None is sent with a cross-site request that is no top-level navigation"
                elif not carried:
                    rule = "it is a third-party cookie there, and those are blocked"
                for what in (ATTACHED, CHANGED):
                    control = ("cookie-none", embedded(element, "allowed", what))
                    question = embedded(element, policy, what)
                    yield Check(f"embedded-{policy}", place, question, carried, rule, control)


_CORS: Final = (
    Check("cors", "exact", "page reads the answer", True, "exact origin and Allow-Credentials"),
    Check("cors", "exact", "JSON POST carried out", True, "the preflight is granted"),
    Check("cors", "star", "page reads the answer", False, "with credentials the star doesn't count"),
    Check("cors", "star", "cookie attached", True, "CORS decides who reads, not what is sent"),
    Check("cors", "star", "simple POST carried out", True, "a simple request needs no preflight"),
    Check("cors", "star", "JSON POST carried out", False, "it dies in the preflight"),
    Check("cors", "none", "page reads the answer", False, "nothing is granted"),
    Check("cors", "none", "cookie attached", True, "CORS decides who reads, not what is sent"),
    Check("cors", "none", "simple POST carried out", True, "a simple request needs no preflight"),
    Check("cors", "none", "JSON POST carried out", False, "it dies in the preflight"),
    Check("cors", "reflect", "page reads the answer", True, "whatever origin asks is granted"),
    Check("cors-evil", "exact", "evil.test reads the answer", False, "another origin is not named"),
    Check("cors-evil", "reflect", "evil.test reads the answer", True, "whatever origin asks is granted"),
    Check("cors-evil", "exact", "evil.test's JSON carried out", False, "it dies in the preflight"),
    Check("cors-evil", "reflect", "evil.test's JSON carried out", True, "the preflight is granted to everybody"),
)
_CSRF: Final = (
    Check(
        "loose-json",
        "cookie-none",
        "JSON as text/plain carried out",
        True,
        "an endpoint that takes any type takes this",
    ),
    Check("age", "cookie-unset", AGED.format(TOGETHER), True, "younger than two minutes: as None"),
    Check(
        *("age", "cookie-unset", AGED.format(APART), False, "older than two minutes: as Lax"),
        control=("cookie-unset", AGED.format(TOGETHER)),
    ),
    Check(
        *("age", "cookie-unset", SAME_AGAIN, False, "the same value keeps the date on which it was first set"),
        control=("cookie-unset", OTHER_AGAIN),
    ),
    Check("age", "cookie-unset", OTHER_AGAIN, True, "another value makes a new cookie: its two minutes begin anew"),
    *_of_embedded(),
)
_SIBLING: Final = (
    Check("sibling", "cookie-lax", "sent with a sibling's forged POST", True, "a subdomain is the same site"),
    Check("sibling", "cookie-strict", "sent with a sibling's forged POST", True, "a subdomain is the same site"),
    Check("sibling", "cookie-strict", "state changed by a sibling", True, "nothing else guards a plain form"),
    Check("sibling", "Origin check", "state changed by a sibling", False, "the Origin is the sibling's"),
    Check("sibling", "CSRF token", "state changed by a sibling", False, "the sibling can't read the token"),
    Check("sibling", "own page", "state changed past both guards", True, "the right Origin and the right token"),
    Check("tossing", "cookie-lax", "victim acts in the attacker's session", True, "a sibling may set a cookie for all"),
    Check("tossing", "cookie-host", "victim acts in the attacker's session", False, "__Host- takes no Domain"),
    Check("fixation", "id adopted at log-in", "planted id works for the attacker", True, "the id stays the same"),
    Check("fixation", "new id at log-in", "planted id works for the attacker", False, "the planted one stays nobody's"),
)
_RELOAD: Final = (
    Check(
        "refresh", "memory + refresh", "still logged in after a reload", True, "the refresh cookie gives a new token"
    ),
    Check("log-out", "cookie-lax", "logged in after log-out and back", False, "the session has ended"),
    Check("log-out", "local-storage", "logged in after log-out and back", False, "the page forgot the token"),
)
_XSS: Final = (
    Check(
        "refresh",
        "memory + refresh",
        "token stolen by calling refresh",
        True,
        "an endpoint that gives tokens gives one",
    ),
    Check("csp", "local-storage, CSP", "credential stolen", False, "script-src 'self' runs no injected handler"),
)
_TLS: Final = (
    Check("wire", "HTTP", "tap reads the session id", True, "nothing is encrypted"),
    Check("wire", "HTTP", "tap reads the password", True, "nothing is encrypted"),
    Check("wire", "HTTPS", "tap reads the session id", False, "TLS"),
    Check("wire", "HTTPS", "tap reads the password", False, "TLS"),
    Check("secure", "cookie without Secure", "sent in clear", True, "cookies don't know schemes"),
    Check("secure", "Secure cookie", "sent in clear", False, "Secure"),
)
_PUBLIC: Final = (
    Check("public", "public page", "served by HTTP", True, "it is public"),
    Check("public", "other page", "redirected to HTTPS", True, "the proxy's rule"),
    Check("public", "API call", "refused, not redirected", True, "the proxy's rule"),
    Check("public", "API call", "token exposed all the same", True, "the answer comes after the request"),
    Check("hsts", "before HSTS was seen", "request in clear", True, "the browser doesn't know better"),
    Check("hsts", "after HSTS was seen", "request in clear", False, "the browser upgrades by itself"),
)

CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "xss-local-storage": _XSS,
    "xss-rides-session": (),
    "csrf-cookies": _CSRF,
    "samesite-lax": (),
    "same-site-csrf": _SIBLING,
    "memory-token-reload": _RELOAD,
    "axios-credentials": _CORS,
    "https-everywhere": _TLS,
    "http-for-public-only": _PUBLIC,
}
"""Checks by their experiment."""

CONTROLS: Final = {(c.subject, c.question): c.control for found in CHECKS.values() for c in found if c.control}
"""For each question whose no needs a control: the question that must be answered yes."""
