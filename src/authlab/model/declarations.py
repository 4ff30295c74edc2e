"""A mode of the user's own as plain data, as run.json holds it; and the traits that go without saying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from authlab.model.modes import MODES, App, Mode, Traits


def usual_traits(state: str, routing: str, *, app: bool, needs_store: bool) -> Traits:
    """What a mode promises where its file doesn't say.

    One without an app has the traits of the built-in mode that keeps the same state; sessions in worker memory are
    served by any worker only if some routing sees to it. An app is taken to authenticate and to be served by any
    worker. With a routing other than round robin its state is taken to lie in worker memory, which a lost worker
    takes along; in memory or in the store a log-in can be revoked, at the client it can't.
    """
    routed = routing != "round-robin"
    if app:
        return Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=needs_store or routed,
            survives_worker_loss=not routed,
            survives_store_loss=not needs_store,
        )
    traits = next(mode.traits for mode in MODES.values() if mode.state == state)
    return replace(traits, any_worker_serves=state != "memory" or routed)


def declaration_of(mode: Mode) -> dict[str, Any]:
    """The mode as JSON: all that a later judgement needs, and no path of the machine."""
    return {
        "note": mode.note,
        "app": mode.app.target if mode.app else None,
        "state": mode.state,
        "routing": mode.routing,
        "needs_store": mode.needs_store,
        "traits": asdict(mode.traits),
    }


def mode_declared(name: str, body: Mapping[str, Any]) -> Mode:
    """The mode that `declaration_of` wrote down. Raises KeyError or TypeError for anything else."""
    return Mode(
        name=name,
        state=body["state"],
        routing=body["routing"],
        traits=Traits(**body["traits"]),
        note=body["note"],
        needs_store=body["needs_store"],
        app=App(body["app"]) if body["app"] else None,
    )
