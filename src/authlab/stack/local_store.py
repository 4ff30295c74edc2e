"""The store of the local stacks: one Redis-compatible server for every mode that needs one."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from authlab.host.ports import LOOPBACK, ReservedPort
from authlab.model.errors import LabError
from authlab.model.session_store import Persistence, StoreProbe
from authlab.stack import link, store_probe, store_server
from authlab.stack.capabilities import Gone, Link
from authlab.stack.link import ControlledLink
from authlab.stack.local_context import LocalContext
from authlab.stack.part import Part
from authlab.stack.probe import Probe, wait_until_ready
from authlab.stack.programs import Program

_PING_TIMEOUT_S = 1.0
_FLUSH_WITHIN_S = 10.0
_READ_WITHIN_S = 5.0
_DIE_WITHIN_S = 10.0
_STOP_WITHIN_S = 8.0
"""As `stop_grace_period` in compose/base.yml."""

_PAUSE_S = 0.005


class LocalStore:
    """A store server with its port and its data folder, and with `linked` a link in front of it. A `Startable`.

    A stopped server keeps its port and folder. When it is started again, the folder's content (with `persistence`, its
    data) is still there.
    """

    def __init__(
        self,
        context: LocalContext,
        program: Program,
        log: Path,
        *,
        persistence: Persistence = "none",
        linked: bool = False,
    ) -> None:
        self.program = program
        self._context = context
        self._log = log
        self._persistence = persistence
        self._linked = linked
        self._ports: list[ReservedPort] = []  # the server's, and with a link its own and its control port
        self._part: Part | None = None
        self._link_part: Part | None = None

    @property
    def port(self) -> int:
        """Where the workers find it: the link's port if there is one. 0 while it is down."""
        return self._number(1 if self._linked else 0)

    @property
    def server_port(self) -> int:
        """The server's own port; 0 while it is down."""
        return self._number(0)

    @property
    def link(self) -> Link | None:
        """The link in front of it, if it was requested and is up."""
        if self._link_part is None:
            return None
        return ControlledLink(LOOPBACK, self.port, self._number(2), self._password)

    @property
    def parts(self) -> Sequence[Part]:
        """The server and the link, while it is up."""
        return [part for part in (self._part, self._link_part) if part is not None]

    def reserve(self) -> None:
        """Take the ports."""
        self._ports = []
        for _ in range(3 if self._linked else 1):
            self._ports.append(self._context.take_port())

    def start(self) -> None:
        """Configure and start the server, and the link."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        store_server.prepare(
            self._folder, port=self.server_port, password=self._password, persistence=self._persistence
        )
        self._part = Part("store", store_server.start(self._context.guardian, self.program, self._folder, self._log))
        if self._linked:
            log = self._log.with_name("link.log")
            process = link.start(
                self._context.guardian, port=self.port, control=self._number(2), store=self.server_port, log=log
            )
            self._link_part = Part("link", process)

    def probes(self) -> Sequence[Probe]:
        """The server is ready when it accepts the password and answers, the link when the same works through it."""
        places = (self.server_port, self.port)
        return [Probe(part.process, self._question(port)) for part, port in zip(self.parts, places, strict=False)]

    def final_probes(self) -> Sequence[Probe]:
        """Nothing more to ask."""
        return []

    def forget(self) -> None:
        """It has ended: release the ports."""
        self._part = self._link_part = None
        for port in self._ports:
            port.release()
        self._ports = []

    # What can be done to it while it is up: see authlab.stack.capabilities. Each raises `LabError`.

    def stop(self, kill: bool) -> Gone:
        """End the server gracefully, or by SIGKILL."""
        part = self._running("stopped")
        process, since = part.process, time.monotonic()
        part.expect_end()
        if not kill:
            process.stop(sig=signal.SIGTERM, within_s=_STOP_WITHIN_S)
        else:
            process.signal(signal.SIGKILL)
            if process.wait(_DIE_WITHIN_S) is None:
                raise LabError(f"the store did not die: its process {process.pid} still runs after SIGKILL.")
        return Gone("store", process.pid, time.monotonic() - since)

    def start_again(self, within_s: float) -> None:
        """Start the stopped server, on its port and data. Returns when it answers."""
        part = self._known()
        if part.process.poll() is None:
            raise LabError("the store runs: it can't be started again.")
        process = store_server.start(self._context.guardian, self.program, self._folder, self._log)
        part.replace(process)
        wait_until_ready([Probe(process, self._question(self.server_port))], within_s)

    def pause(self) -> int:
        """Freeze the server. Returns its process id."""
        process = self._running("paused").process
        if not process.signal(signal.SIGSTOP):
            raise LabError("the store does not run: it can't be paused.")
        return process.pid

    def resume(self) -> None:
        """Resume it. Harmless if it runs."""
        self._known().process.signal(signal.SIGCONT)

    def flush(self) -> int:
        """Remove every key, of all modes that use it. Returns how many there were."""
        self._known()
        return store_server.flush(self.server_port, self._password, _FLUSH_WITHIN_S)

    def probe(self, calls: int) -> StoreProbe:
        """What reading a session costs at the server itself, without the link."""
        self._known()
        return store_probe.probe(self.server_port, self._password, calls, _READ_WITHIN_S)

    def wait_serving(self, within_s: float) -> float:
        """Wait until the server answers, even if it is not started yet. Returns the seconds it took."""
        part, since = self._known(), time.monotonic()
        ask = self._question(self.server_port)
        while why := ask(None):
            if time.monotonic() > since + within_s:
                dead = part.process.poll() is not None
                words = part.process.obituary() if dead else f"Log: {part.process.log}"
                raise LabError(f"the store did not answer within {within_s:g} s ({why}). {words}")
            time.sleep(_PAUSE_S)
        return time.monotonic() - since

    @property
    def _folder(self) -> Path:
        return self._context.runtime / "store"

    @property
    def _password(self) -> str:
        return self._context.secrets.store_password

    def _number(self, place: int) -> int:
        return self._ports[place].number if self._ports else 0

    def _known(self) -> Part:
        if self._part is None:
            raise LabError("the store is down.")
        return self._part

    def _running(self, to_be: str) -> Part:
        part = self._known()
        if part.process.poll() is not None:
            raise LabError(f"the store does not run: it can't be {to_be}.")
        return part

    def _question(self, port: int) -> Callable[[object], str | None]:
        return lambda _wanted: store_server.why_not_ready(port, self._password, _PING_TIMEOUT_S)
