"""The link in front of a store: compose/link/link.py, started here or in a container, and controlled from here."""

from __future__ import annotations

import json
import socket
import statistics
import sys
from pathlib import Path
from typing import Any

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Guardian, Process
from authlab.model.errors import LabError
from authlab.stack import store_server

_ANSWER_WITHIN_S = 5.0
_PINGS = 5


def start(guardian: Guardian, *, port: int, control: int, store: int, log: Path) -> Process:
    """Start a link on loopback. Workers connect to `port`, the store is at `store`, commands go to `control`."""
    program = content_root() / "compose" / "link" / "link.py"
    places = [("--listen", port), ("--to", store), ("--control", control)]
    argv = [sys.executable, "-I", str(program)]
    for option, number in places:
        argv += [option, f"{LOOPBACK}:{number}"]
    return guardian.spawn("the link", argv, log=log)


class ControlledLink:
    """A `Link` (authlab.stack.capabilities) at a host's address, controlled by its control port.

    `delay`, `stall` and `cut` raise `LabError` unless the link confirms the change within five seconds.
    """

    def __init__(self, host: str, port: int, control: int, password: str) -> None:
        self._host = host
        self._port = port
        self._control = control
        self._password = password

    def delay(self, one_way_ms: float) -> None:
        """Delay what goes to the store by that long; 0 removes the delay."""
        self._tell(delay_ms=one_way_ms)

    def stall(self, stalled: bool) -> None:
        """Pass nothing on, without losing anything, until the stall is removed."""
        self._tell(stalled=stalled)

    def cut(self, is_cut: bool) -> None:
        """Close all connections and refuse new ones, until the cut is removed."""
        self._tell(cut=is_cut)

    def round_trip_ms(self) -> float:
        """The median of five PINGs to the store through the link. Raises `LabError` if it does not answer."""
        try:
            took = store_server.round_trips_ms(self._port, self._password, _PINGS, _ANSWER_WITHIN_S, self._host)
        except OSError as error:
            raise LabError(
                f"the store does not answer through the link at {self._place(self._port)}: {error}"
            ) from error
        return statistics.median(took)

    def state(self) -> dict[str, Any]:
        """The link's report of its state; compose/link/link.py explains the members. Raises `LabError`."""
        return self._told({})

    def _tell(self, **wish: float | bool) -> None:
        state = self._told(wish)
        missed = [name for name, value in wish.items() if abs(state[name] - value) > 1e-6]
        if missed:
            raise LabError(f"the link at {self._place(self._control)} did not apply {wish}: its state is {state}.")

    def _told(self, wish: dict[str, float | bool]) -> dict[str, Any]:
        try:
            with socket.create_connection((self._host, self._control), _ANSWER_WITHIN_S) as connection:
                connection.sendall(json.dumps(wish).encode() + b"\n")
                with connection.makefile("rb") as lines:
                    state: dict[str, Any] = json.loads(lines.readline())
        except (OSError, ValueError) as error:
            raise LabError(
                f"the link's control port at {self._place(self._control)} does not answer: {error}. (The port of a "
                "container can be reached only if the engine runs on this machine, and only on Linux.)"
            ) from error
        if "error" in state:
            raise LabError(f"the link at {self._place(self._control)} refused {wish}: {state['error']}")
        return state

    def _place(self, port: int) -> str:
        return f"{self._host}:{port}"
