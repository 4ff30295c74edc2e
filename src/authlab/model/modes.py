"""The modes: how authentication state is kept, and how requests are routed to workers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from authlab.model.errors import UsageProblem, nearest


@dataclass(frozen=True)
class Traits:
    """What a mode promises. The contract suite asserts each of them, the negative ones too."""

    authenticates: bool
    any_worker_serves: bool
    revocable: bool
    survives_worker_loss: bool
    survives_store_loss: bool


@dataclass(frozen=True)
class App:
    """A WSGI application of the user's own: `target` is "module:factory".

    The module is imported from `folder`, which is empty in a mode that a stored run brings back: it belongs to the
    machine that measured.
    """

    target: str
    folder: str = ""


@dataclass(frozen=True)
class Mode:
    """One way to keep authentication state, with the routing it needs.

    `state` names the file in `services/states/` that keeps it; `routing` is one of `ROUTINGS`. With an `app` that
    application is served in place of the service, which is told `state` like everything else.
    """

    name: str
    state: str
    routing: str
    traits: Traits
    note: str
    needs_store: bool = False
    app: App | None = None

    @property
    def signs_tokens(self) -> bool:
        """Whether its workers sign what the client shows."""
        return self.state.startswith("jwt")


ROUTINGS = ("round-robin", "sticky-cookie", "ip-hash", "hash", "consistent-hash")

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
        "control: no authentication at all, the floor that everything is compared with",
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
    ),
    Mode(
        "sticky",
        "memory",
        "sticky-cookie",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=True,
            survives_worker_loss=False,
            survives_store_loss=True,
        ),
        "sessions in worker memory, nginx sends each client to its worker by a cookie",
    ),
    Mode(
        "ip-hash",
        "memory",
        "ip-hash",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=True,
            survives_worker_loss=False,
            survives_store_loss=True,
        ),
        "sessions in worker memory, nginx sends each client to a worker by the hash of its address",
    ),
    Mode(
        "hash",
        "memory",
        "hash",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=True,
            survives_worker_loss=False,
            survives_store_loss=True,
        ),
        "sessions in worker memory, routed by the hash of a cookie that is given before the log-in",
    ),
    Mode(
        "consistent-hash",
        "memory",
        "consistent-hash",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=True,
            survives_worker_loss=False,
            survives_store_loss=True,
        ),
        "the same with a ring (ketama): one worker more or less moves few clients",
    ),
    Mode(
        "redis",
        "redis",
        "round-robin",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=True,
            survives_worker_loss=True,
            survives_store_loss=False,
        ),
        "sessions in one Redis that all workers share",
        needs_store=True,
    ),
    Mode(
        "jwt",
        "jwt",
        "round-robin",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=False,
            survives_worker_loss=True,
            survives_store_loss=True,
        ),
        "stateless JSON Web Token (HS256) in the Authorization header",
    ),
    Mode(
        "jwt-cookie",
        "jwt_cookie",
        "round-robin",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=False,
            survives_worker_loss=True,
            survives_store_loss=True,
        ),
        "the same token in a cookie that scripts can't read, with a CSRF token beside it",
    ),
)

MODES: dict[str, Mode] = {mode.name: mode for mode in _MODES}


def check_containers_hold(modes: Iterable[Mode]) -> None:
    """Raise `UsageProblem` if some of `modes` are the user's own, which no image holds."""
    if own := [mode.name for mode in modes if MODES.get(mode.name) != mode]:
        raise UsageProblem(
            f"{', '.join(own)}: a mode of one's own runs on the local stack only, for the images hold the service "
            "alone; do without --stack compose"
        )


def mode_named(name: str, own: Iterable[Mode] = ()) -> Mode:
    """The mode of that name, among those of the user's `own` first.

    Raises `UnknownName` (nearest match and the list) where there is none.
    """
    known = MODES | {mode.name: mode for mode in own}
    try:
        return known[name]
    except KeyError:
        raise nearest("mode", name, known) from None
