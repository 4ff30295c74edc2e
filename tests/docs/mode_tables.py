"""The tables of the docs that follow from what the modes declare."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from authlab.model.mode import Credential, Mode
from authlab.model.modes import MODES

_TRAVELS: Final[Mapping[Credential, str]] = {
    "header": "`X-Lab-User` says who it is",
    "cookie": "cookie",
    "bearer": "bearer token",
    "cookie+csrf": "cookie, and a CSRF token for changes",
    "answer": "as its answers say",
}


def index(page: Path, root: Path) -> list[str]:
    """A row per mode, with a link to its page."""

    def row(mode: Mode) -> tuple[str, ...]:
        link = os.path.relpath(root / "docs" / "modes" / f"{mode.name}.md", page.parent)
        how = _TRAVELS[mode.credential]
        signed = f", signed with {mode.signature.algorithm}" if mode.signature else ""
        return f"[`{mode.name}`]({link})", mode.note, mode.routing, how + signed, mode.after_logout

    head = ("mode", "what it is", "routing", "how the credential travels", "a copy works after the log-out for at most")
    return _table(head, [row(mode) for mode in MODES.values()])


def lost(_page: Path, _root: Path) -> list[str]:
    """A row per mode: what share of the requests it loses by itself."""
    head = ("mode", "what it is", "requests that lose their log-in")
    share = {True: "0", False: "(N−1)/N: two of three"}
    return _table(head, [(f"`{m.name}`", m.note, share[m.traits.any_worker_serves]) for m in MODES.values()])


def states(_page: Path, _root: Path) -> list[str]:
    """A row per state: the modes that keep it, and what it needs."""
    found: dict[str, list[Mode]] = {}
    for mode in MODES.values():
        found.setdefault(mode.state, []).append(mode)

    def row(state: str, modes: list[Mode]) -> tuple[str, ...]:
        keys = modes[0].signature
        needs = [f"`{keys.keys}`"] if keys else []
        needs += ["a Redis, `redis.json`"] if modes[0].needs_store else []
        return f"`{state}`", ", ".join(f"`{mode.name}`" for mode in modes), ", ".join(needs) or "nothing"

    head = ("state", "built-in modes that keep it", "what it needs beside `users.json`")
    return _table(head, [row(*item) for item in found.items()])


TABLES: Final[Mapping[str, Callable[[Path, Path], list[str]]]] = {"index": index, "lost": lost, "states": states}
"""By the name of their block."""


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
