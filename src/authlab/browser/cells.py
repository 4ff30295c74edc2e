"""The matrix: which attacks are tried on each place, and which questions each of them answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ATTACHED: Final = "cookie attached"
CHANGED: Final = "state changed"
READABLE: Final = "answer readable"
STOLEN: Final = "credential stolen"
KEPT: Final = "still logged in"

SUBSTANTIVE: Final = (STOLEN, CHANGED, READABLE, KEPT)


@dataclass(frozen=True)
class Attack:
    """A column of the matrix. `family` is the one of the six attacks that it is a variant of."""

    id: str
    family: str
    title: str
    questions: tuple[str, ...]


_ALL: Final = (
    Attack("steal-passive", "steal", "Injected script steals: passive thief", (STOLEN,)),
    Attack("steal-active", "steal", "Injected script steals: active thief", (STOLEN,)),
    Attack("ride", "ride", "Injected script rides the session", (CHANGED,)),
    Attack("forged-post", "post", "Forged POST to a plain form", (ATTACHED, CHANGED)),
    Attack("forged-json", "post", "Forged POST to a JSON-only API", (ATTACHED, CHANGED)),
    Attack("forged-get", "get", "Forged top-level GET", (ATTACHED, CHANGED)),
    Attack("forged-fetch-blocked", "fetch", "Forged fetch, third-party cookies blocked", (ATTACHED, CHANGED, READABLE)),
    Attack("forged-fetch-allowed", "fetch", "Forged fetch, third-party cookies allowed", (ATTACHED, CHANGED, READABLE)),
    Attack("reload", "reload", "Reload of the page", (KEPT,)),
)

ATTACKS: Final[dict[str, Attack]] = {attack.id: attack for attack in _ALL}

FAMILIES: Final[dict[str, str]] = {
    "steal": "Steal by injected script",
    "ride": "Ride the session by injected script",
    "post": "Forged POST",
    "get": "Forged top-level GET",
    "fetch": "Forged fetch with credentials",
    "reload": "Reload of the page",
}


def quantity_of(attack: str, question: str) -> str:
    """The name of a cell's question in run.json: `forged-post: state changed`."""
    return f"{attack}: {question}"
