"""The modes: how authentication state is kept, and how requests are routed to workers."""

from __future__ import annotations

from dataclasses import dataclass

from authlab.model.errors import nearest


@dataclass(frozen=True)
class Traits:
    """What a mode promises. The contract suite asserts each of them, the negative ones too."""

    authenticates: bool
    any_worker_serves: bool
    revocable: bool
    survives_worker_loss: bool
    survives_store_loss: bool


@dataclass(frozen=True)
class Mode:
    """One way to keep authentication state, with the routing it needs.

    `state` names the file in `services/states/` that keeps it; `routing` is one of `ROUTINGS`.
    """

    name: str
    state: str
    routing: str
    traits: Traits
    note: str
    needs_store: bool = False


ROUTINGS = ("round-robin", "sticky-cookie")

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
)

MODES: dict[str, Mode] = {mode.name: mode for mode in _MODES}


def mode_named(name: str) -> Mode:
    """The mode of that name; raises `UnknownName` (nearest match and the list) where there is none."""
    try:
        return MODES[name]
    except KeyError:
        raise nearest("mode", name, MODES) from None
