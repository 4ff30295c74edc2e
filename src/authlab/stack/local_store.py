"""The store of the local stacks: one Redis-compatible server for every mode that needs one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from authlab.host.ports import ReservedPort
from authlab.stack import store_server
from authlab.stack.part import Part
from authlab.stack.probe import Probe
from authlab.stack.programs import Program
from authlab.stack.shared import Shared

_PING_TIMEOUT_S = 1.0


class LocalStore:
    """A store server with its port and its data folder. A unit of `bring_up`."""

    def __init__(self, shared: Shared, program: Program, log: Path, *, persistent: bool) -> None:
        self.program = program
        self._shared = shared
        self._log = log
        self._persistent = persistent
        self._port: ReservedPort | None = None
        self._part: Part | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 while it is down."""
        return 0 if self._port is None else self._port.number

    @property
    def parts(self) -> Sequence[Part]:
        """Its one part, while it is up."""
        return [] if self._part is None else [self._part]

    def reserve(self) -> None:
        """Take a port."""
        self._port = self._shared.take_port()

    def start(self) -> None:
        """Configure and start the server."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        folder = self._shared.runtime / "store"
        password = self._shared.secrets.store_password
        store_server.prepare(folder, port=self.port, password=password, persistent=self._persistent)
        self._part = Part("store", store_server.start(self._shared.guardian, self.program, folder, self._log))

    def probes(self) -> Sequence[Probe]:
        """It is ready when it takes the password and answers."""
        return [Probe(part.process, self._ask) for part in self.parts]

    def final_probes(self) -> Sequence[Probe]:
        """Nothing more to ask."""
        return []

    def forget(self) -> None:
        """It has ended: let the port go."""
        self._part = None
        if self._port is not None:
            self._port.release()
            self._port = None

    def _ask(self, _wanted: object) -> str | None:
        return store_server.why_not_ready(self.port, self._shared.secrets.store_password, _PING_TIMEOUT_S)
