"""CORS, the right way and the wrong ways. A prefix of the path selects one."""

from __future__ import annotations

from typing import Final

from services.problems import Header

TRUSTED: Final = frozenset({"https://app.test", "https://strict.app.test"})
"""The pages that may use this API."""

EXACT: Final = "exact"
POLICIES: Final = {"cors-star": "star", "cors-reflect": "reflect", "cors-none": "none"}

_ALLOWED: Final = (
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, X-CSRF-Token"),
    ("Access-Control-Expose-Headers", "X-Worker"),
)


def policy_and_path(path: str) -> tuple[str, str]:
    """`/cors-star/me` → ("star", "/me"); a path without such a prefix has the exact policy."""
    head, _, rest = path.removeprefix("/").partition("/")
    return (POLICIES[head], "/" + rest) if head in POLICIES else (EXACT, path)


def cors_headers(policy: str, origin: str | None) -> list[Header]:
    """The headers that tell the browser who may read the answer."""
    if policy == "none" or origin is None:
        return []
    if policy == "star":
        # A browser does not accept the star together with credentials. The mistake is to believe that it does.
        return [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"), *_ALLOWED]
    if policy == EXACT and origin not in TRUSTED:
        return [("Vary", "Origin")]
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
        *_ALLOWED,
    ]
