"""What a mode of the user's own declares if its file, or an old run, does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from authlab.model.mode import App, Mode, Traits
from authlab.model.modes import MODES


def built_in(state: str, routing: str) -> Mode:
    """The built-in mode that keeps this state, preferably the one with this `routing`. Raises `KeyError`."""
    keeping = [mode for mode in MODES.values() if mode.state == state]
    if not keeping:
        raise KeyError(state)
    return next((mode for mode in keeping if mode.routing == routing), keeping[0])


def usual_mode(name: str, state: str, routing: str, *, app: App | None = None, needs_store: bool = False) -> Mode:
    """The mode whose file declares only these values; the others are defaults.

    Without an app it declares what the built-in mode with the same state declares, except name, note and look.
    An app is assumed to authenticate, any worker is assumed to serve it, and its answers say how its credential
    travels. With a routing other than round robin, its state is assumed to lie in worker memory, and a lost worker
    loses it. A log-in can be revoked if its state lies in memory or in the store, but not if it lies at the client.
    """
    if app is None:
        note = f"{state}, a mode of your own"
        return replace(built_in(state, routing), name=name, routing=routing, note=note, unmet=(), look=None)
    routed = routing != "round-robin"
    traits = Traits(
        authenticates=True,
        any_worker_serves=True,
        revocable=needs_store or routed,
        survives_worker_loss=not routed,
        survives_store_loss=not needs_store,
    )
    return Mode(name, state, routing, traits, app.target, needs_store, app)


def mode_declared(name: str, body: Mapping[str, Any]) -> Mode:
    """The mode that a run of schema 1 holds. Raises KeyError or TypeError for anything else."""
    app = App(body["app"]) if body["app"] else None
    usual = usual_mode(name, body["state"], body["routing"], app=app, needs_store=body["needs_store"])
    return replace(usual, traits=Traits(**body["traits"]), note=body["note"])
