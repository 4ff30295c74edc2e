"""The modes: how authentication state is kept, and how requests are routed to workers.

A mode is one entry of `_MODES` here, its file in `services/states/` unless another mode has the same state, and its
page in `docs/modes/`. The order of the entries is the order in every list, table and chart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from authlab.model.errors import UsageProblem, nearest
from authlab.model.mode import App, Look, Mode, Signature, Traits

__all__ = ["MODES", "ROUTINGS", "App", "Mode", "Traits", "check_containers_hold", "mode_named"]

ROUTINGS = ("round-robin", "sticky-cookie", "ip-hash", "hash", "consistent-hash")

_AT_ONCE: Final = "0 s on every worker"
_LIFE_LEFT: Final = "the rest of the token's life, and the leeway"
_SESSION_COOKIE: Final = "authlab_session"
_TOKEN_COOKIE: Final = "authlab_token"  # noqa: S105  (a cookie's name)

# The server holds nothing that could be ended, and a token's life does not depend on its use.
_UNMET_BY_TOKENS: Final = ("ASVS 7.2.4", "ASVS 7.3.1", "ASVS 7.4.1")

_ROUTED_TO_MEMORY: Final = Traits(
    authenticates=True,
    any_worker_serves=True,
    revocable=True,
    survives_worker_loss=False,
    survives_store_loss=True,
)
_SHARED: Final = Traits(
    authenticates=True,
    any_worker_serves=True,
    revocable=True,
    survives_worker_loss=True,
    survives_store_loss=False,
)
_TOKENS: Final = Traits(
    authenticates=True,
    any_worker_serves=True,
    revocable=False,
    survives_worker_loss=True,
    survives_store_loss=True,
)

# Flask-JWT-Extended reads a token's claims before it verifies them, in any encoding of JSON. It checks neither the type
# in the header nor whether the token expires at all.
_UNMET_BY_FLASK_JWT_EXTENDED: Final = (
    "ASVS 9.1.1",
    "ASVS 9.2.1",
    "ASVS 9.2.2",
    "RFC 8725 3.7",
    "RFC 8725 3.11",
    "RFC 8725 3.12",
)

# The first five colours follow Okabe and Ito (2008), made for colour-blind readers. All colours lie in a band of
# luminance with a contrast of 3:1 to the light and to the dark page. A mode therefore needs one colour, not two.
_MODES = (
    Mode(
        "none",
        "none",
        "round-robin",
        Traits(
            authenticates=False,
            any_worker_serves=True,
            revocable=False,
            survives_worker_loss=True,
            survives_store_loss=True,
        ),
        "control: no authentication at all, the baseline of every comparison",
        credential="header",
        after_logout="no limit: there is nothing to end",
        unmet=("ASVS 7.2.1", "ASVS 7.2.2", "ASVS 7.2.4", "ASVS 7.3.1", "ASVS 7.3.2", "ASVS 7.4.1"),
        look=Look("#7c7f86", "circle"),
    ),
    Mode(
        "memory",
        "memory",
        "round-robin",
        Traits(
            authenticates=True,
            any_worker_serves=False,
            revocable=True,
            survives_worker_loss=False,
            survives_store_loss=True,
        ),
        "control: sessions in worker memory without stickiness, the classic mistake",
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#d55e00", "cross"),
    ),
    Mode(
        "sticky",
        "memory",
        "sticky-cookie",
        _ROUTED_TO_MEMORY,
        "sessions in worker memory, nginx sends each client to its worker by a cookie",
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#009371", "square"),
    ),
    Mode(
        "ip-hash",
        "memory",
        "ip-hash",
        _ROUTED_TO_MEMORY,
        "sessions in worker memory, nginx sends each client to a worker by the hash of its address",
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#5b8a1f", "star", (6, 2)),
    ),
    Mode(
        "hash",
        "memory",
        "hash",
        _ROUTED_TO_MEMORY,
        "sessions in worker memory, routed by the hash of a cookie that is set before the log-in",
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#3f8c5a", "pentagon", (3, 2)),
    ),
    Mode(
        "consistent-hash",
        "memory",
        "consistent-hash",
        _ROUTED_TO_MEMORY,
        "as hash, but on a ring (ketama): one worker more or less moves few clients",
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#2f8a8f", "hexagon", (8, 3)),
    ),
    Mode(
        "redis",
        "redis",
        "round-robin",
        _SHARED,
        "sessions in one Redis that all workers share",
        needs_store=True,
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#b8549a", "diamond"),
    ),
    Mode(
        "redis-lean",
        "redis_lean",
        "round-robin",
        _SHARED,
        "as redis, over a link written by hand below redis-py's client: what tuning reaches",
        needs_store=True,
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE,
        look=Look("#a06bb5", "kite", (6, 2)),
    ),
    Mode(
        "flask-session",
        "flask_session",
        "round-robin",
        _SHARED,
        "as redis, by Flask-Session, the extension that most people install",
        needs_store=True,
        credential="cookie",
        cookie=_SESSION_COOKIE,
        after_logout=_AT_ONCE + ", unless another request of the session is under way",
        loses_updates=True,
        unmet=("ASVS 7.3.2",),
        look=Look("#b3574f", "bow-tie", (3, 2)),
    ),
    Mode(
        "jwt",
        "jwt",
        "round-robin",
        _TOKENS,
        "stateless JSON Web Token (HS256) in the Authorization header",
        credential="bearer",
        signature=Signature("HS256"),
        after_logout=_LIFE_LEFT,
        unmet=_UNMET_BY_TOKENS,
        look=Look("#1478bd", "triangle-up"),
    ),
    Mode(
        "jwt-lean",
        "jwt_lean",
        "round-robin",
        _TOKENS,
        "as jwt, by hand-made code below PyJWT's API: what tuning reaches",
        credential="bearer",
        signature=Signature("HS256"),
        after_logout=_LIFE_LEFT,
        unmet=_UNMET_BY_TOKENS,
        look=Look("#4c6fd1", "triangle-down", (6, 2)),
    ),
    Mode(
        "flask-jwt-extended",
        "flask_jwt_extended",
        "round-robin",
        _TOKENS,
        "as jwt, by the extension Flask-JWT-Extended",
        credential="bearer",
        signature=Signature("HS256", own_clock=False),
        after_logout=_LIFE_LEFT,
        unmet=(*_UNMET_BY_TOKENS, *_UNMET_BY_FLASK_JWT_EXTENDED),
        look=Look("#8a5fbf", "triangle-right", (3, 2)),
    ),
    Mode(
        "jwt-cookie",
        "jwt_cookie",
        "round-robin",
        _TOKENS,
        "the token of jwt in a cookie that scripts can't read, with a CSRF token beside it",
        credential="cookie+csrf",
        cookie=_TOKEN_COOKIE,
        signature=Signature("HS256"),
        after_logout=_LIFE_LEFT,
        unmet=_UNMET_BY_TOKENS,
        look=Look("#2b82a8", "triangle-left"),
    ),
)

MODES: dict[str, Mode] = {mode.name: mode for mode in _MODES}


def check_containers_hold(modes: Iterable[Mode]) -> None:
    """Raise `UsageProblem` if a mode serves an app of the user's own, because no image holds such an app."""
    if own := [mode.name for mode in modes if mode.app is not None]:
        raise UsageProblem(
            f"{', '.join(own)}: a mode with an app of your own runs only on the local stack, because the images hold "
            "only the service; leave out --stack compose"
        )


def mode_named(name: str, own: Iterable[Mode] = ()) -> Mode:
    """The mode of that name. The user's `own` modes come first.

    Raises `UnknownName`, with the nearest match and the list, if there is none.
    """
    known = MODES | {mode.name: mode for mode in own}
    if name in known:
        return known[name]
    if "," in name:
        raise UsageProblem(f"{name!r} holds several names: give --mode once per mode")
    raise nearest("mode", name, known)
