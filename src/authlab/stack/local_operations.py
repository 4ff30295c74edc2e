"""What can be done to a running stack of local processes: see `authlab.stack.capabilities`."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psutil

from authlab.host.groups import group_members
from authlab.host.ports import LOOPBACK
from authlab.host.processes import Process
from authlab.model.errors import LabError
from authlab.model.modes import Mode
from authlab.model.session_store import StoreProbe
from authlab.stack import nginx
from authlab.stack.capabilities import Gone, Link
from authlab.stack.local_context import LocalContext
from authlab.stack.local_stack import LocalStack
from authlab.stack.local_store import LocalStore
from authlab.stack.part import Part, settle
from authlab.stack.probe import Probe, healthz, wait_until_ready
from authlab.stack.secrets import write_secret

RESTART_AFTER_S: Final = 0.1
"""How long the supervisor waits before it restarts a crashed part: systemd's default RestartSec."""

_BACK_WITHIN_S = 30.0
_STOP_WITHIN_S: Final = 8.0
"""As `stop_grace_period` in compose/base.yml."""

_DIE_WITHIN_S = 10.0
_RELOAD_WITHIN_S = 10.0
_PAUSE_S = 0.01
STORE: Final = "store"


class _Overtaken(LabError):
    """Another fault has started, ended or removed the worker meanwhile; that fault reports on it from then on."""


class OperableLocalStack(LocalStack):
    """A local stack with all capabilities.

    A part that is started again is pinned to `cpus` when it serves, like everything at the beginning.
    """

    def __init__(
        self,
        mode: Mode,
        workers: int,
        context: LocalContext,
        logs: Path,
        store: LocalStore | None,
        port: int | None = None,
        cpus: Collection[int] | None = None,
    ) -> None:
        super().__init__(mode, workers, context, logs, store, port)
        self._cpus = cpus
        self._drained: set[str] = set()
        self._paused: set[str] = set()
        self._returning: list[threading.Thread] = []
        self._ending = threading.Event()
        self._failures: list[str] = []
        self._changing = threading.Lock()
        """Held while checking whether a worker runs and changing that: faults come from several threads."""

        self._asked_to_end: set[Process] = set()

    def quiesce(self) -> None:
        """It is about to be stopped: nothing is started again any more, and nothing stays frozen."""
        self._ending.set()
        for thread in self._returning:
            thread.join(_BACK_WITHIN_S)
        self._returning.clear()
        for part in list(self._paused):
            with contextlib.suppress(LabError):
                self.resume(part)

    def reserve(self) -> None:
        """Take the ports. A stack that was down begins as if nothing had ever been done to it."""
        self._ending.clear()
        self._drained.clear()
        self._failures.clear()
        self._asked_to_end.clear()
        super().reserve()

    def troubles(self) -> list[str]:
        """What happened to it unexpectedly, and what the supervisor could not bring back."""
        return [*super().troubles(), *self._failures]

    # Crashing, stopping

    def crash(self, part: str) -> Gone:
        """SIGKILL a worker's or the store's whole group. The supervisor starts it again."""
        gone = self._kill(part, "crashed")
        thread = threading.Thread(target=self._bring_back, args=(part,), name=f"supervisor of {part}", daemon=True)
        self._returning.append(thread)
        thread.start()
        return gone

    def stop(self, part: str, *, kill: bool = False) -> Gone:
        """End a part without a restart. A worker finishes what it is doing, unless `kill`."""
        if kill:
            return self._kill(part, "killed")
        if part == STORE:
            return self._its_store().stop(kill=False)
        process, since = self._ask_to_end(part, "stopped"), time.monotonic()
        process.stop(sig=signal.SIGTERM, within_s=_STOP_WITHIN_S)
        return Gone(part, process.pid, time.monotonic() - since)

    def start_again(self, part: str, within_s: float = _BACK_WITHIN_S) -> None:
        """Start what was stopped. Returns when it serves, pinned."""
        if part == STORE:
            self._its_store().start_again(within_s)
            self._pin([*self._its_store().parts])
            return
        self._start_worker_again(part, within_s)

    def _kill(self, part: str, to_be: str) -> Gone:
        if part == STORE:
            return self._its_store().stop(kill=True)
        process, since = self._ask_to_end(part, to_be), time.monotonic()
        process.signal(signal.SIGKILL)
        if process.wait(_DIE_WITHIN_S) is None:
            raise LabError(f"{process.name} did not die: its process {process.pid} still runs after SIGKILL.")
        self._await_group_end(process)
        return Gone(part, process.pid, time.monotonic() - since)

    def _ask_to_end(self, part: str, to_be: str) -> Process:
        """A part's process, whose end is intended from now on. Raises `LabError` if there is none that can be ended."""
        with self._changing:
            held = self._kept(part)
            process = held.process
            if process.poll() is not None:
                raise LabError(f"{process.name} does not run: it can't be {to_be}.")
            if process in self._asked_to_end:  # otherwise two faults would both count its end as theirs
                raise LabError(f"{process.name} is being ended already: it can't be {to_be}.")
            self._asked_to_end.add(process)
            held.expect_end()
            return process

    def _await_group_end(self, process: Process) -> None:
        """Wait for the whole group: its master may be gone before its children are."""
        deadline = time.monotonic() + _DIE_WITHIN_S
        while group_members([process.pid])[process.pid]:
            if time.monotonic() > deadline:
                raise LabError(f"children of {process.name} (group {process.pid}) still run after SIGKILL.")
            time.sleep(_PAUSE_S)

    def _bring_back(self, part: str) -> None:
        if self._ending.wait(RESTART_AFTER_S):
            return
        try:
            self.start_again(part, _BACK_WITHIN_S)
        except _Overtaken:
            return
        except LabError as error:
            if not self._ending.is_set():
                self._failures.append(f"the supervisor could not bring {part} back: {error}")

    def _start_worker_again(self, name: str, within_s: float) -> None:
        with self._changing:
            number, held = self._number_of(name), self._part(name)
            if held.process.poll() is None:
                raise _Overtaken(f"{held.process.name} runs: it can't be started again.")
            process = self.start_worker(number).process
        try:
            self.wait_serving(name, within_s)
        except LabError as error:
            if process in self._asked_to_end:
                raise _Overtaken(f"{process.name} was ended again before it served.") from error
            raise
        self._pin([self._parts[name]])

    # Pausing

    def pause(self, part: str) -> int:
        """SIGSTOP to all of a part's processes. Returns the id of the first."""
        if part == STORE:
            self._paused.add(part)
            return self._its_store().pause()
        process = self._kept(part).process
        self._paused.add(part)
        if not process.signal(signal.SIGSTOP):
            raise LabError(f"{process.name} does not run: it can't be paused.")
        return process.pid

    def resume(self, part: str) -> None:
        """SIGCONT to all of them."""
        self._paused.discard(part)
        if part == STORE:
            self._its_store().resume()
        else:
            self._part(part).process.signal(signal.SIGCONT)

    # More or fewer workers, and which of them get new clients

    def scale(self, workers: int, within_s: float = _BACK_WITHIN_S) -> None:
        """Start further workers and add them to the proxy, or remove the last ones from the proxy and stop them."""
        if workers < 1:
            raise ValueError(f"a stack needs at least one worker, not {workers}")
        with self._changing:
            more = range(len(self._names), workers)
            for number in more:
                self._names.append(f"worker-{number + 1}")
                self._worker_ports.append(self._context.take_port())
            for number in more:
                self.start_worker(number)
        for number in more:
            self.wait_serving(self._names[number], within_s)
        self._pin([self._parts[self._names[number]] for number in more])
        with self._changing:
            fewer = self._names[workers:]
            ports = self._worker_ports[workers:]
            self._names, self._worker_ports = self._names[:workers], self._worker_ports[:workers]
        self._drained.difference_update(fewer)
        if more or fewer:
            self._tell_proxy()
        for name in fewer:
            self._end_for_good(self._parts[name])  # its CPU time still counts
        for port in ports:
            port.release()

    def _end_for_good(self, gone: Part) -> None:
        """End a worker that was scaled away, unless a fault did so before. It is not started any more."""
        process = gone.process
        if process.poll() is None:
            self._asked_to_end.add(process)
            gone.expect_end()
            process.stop(sig=signal.SIGTERM, within_s=_STOP_WITHIN_S)

    def drain(self, worker: str) -> None:
        """nginx's `drain`: only clients whose cookie names it reach the worker."""
        self._number_of(worker)
        self._drained.add(worker)
        self._tell_proxy()

    def undrain(self, worker: str) -> None:
        """Give it new clients again."""
        if worker in self._drained:
            self._drained.discard(worker)
            self._tell_proxy()

    def _tell_proxy(self) -> None:
        """Make the proxy use the current workers. Returns when only its new process accepts connections."""
        addresses = {
            name: f"{LOOPBACK}:{port.number}" for name, port in zip(self._names, self._worker_ports, strict=True)
        }
        folder = self._context.runtime / self._mode.name / "proxy"
        drained = {addresses[name] for name in self._drained if name in addresses}
        nginx.rewrite_upstream(folder, self._mode.routing, list(addresses.values()), drained, self.instance)
        proxy = self._part("proxy")
        before = set(_taking_connections(proxy.process.pid))
        proxy.expect_change()
        proxy.process.signal(signal.SIGHUP, group=False)
        deadline = time.monotonic() + _RELOAD_WITHIN_S
        while not (now := set(_taking_connections(proxy.process.pid))) or now & before:
            if proxy.process.poll() is not None:
                raise LabError(proxy.process.obituary())
            if time.monotonic() > deadline:
                raise LabError(f"{proxy.process.name} did not load its new workers. Log: {proxy.process.log}")
            time.sleep(_PAUSE_S)
        self._pin([proxy])

    # The store, and files for the service

    def flush_store(self) -> int:
        """Remove every key of the store."""
        return self._its_store().flush()

    def probe_store(self, calls: int) -> StoreProbe:
        """Time reads of a session at the store."""
        return self._its_store().probe(calls)

    def give(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a file into the folder of secrets."""
        write_secret(self._context.secrets.folder / name, content)

    @property
    def link(self) -> Link | None:
        """The link in front of the store, if there is one."""
        return None if self._store is None else self._store.link

    def wait_serving(self, part: str, within_s: float) -> float:
        """Wait until the part answers. Returns the seconds it took."""
        since = time.monotonic()
        if part == STORE:
            return self._its_store().wait_serving(within_s)
        if part == "proxy":
            probe = self.final_probes()[0]
        else:
            port = self._worker_ports[self._number_of(part)]
            probe = Probe(self._await_start(part, within_s), healthz(port.number, part))
        wait_until_ready([probe], within_s, since=since)
        return time.monotonic() - since

    def _await_start(self, part: str, within_s: float) -> Process:
        """The part's process, when there is a living one: the supervisor may be about to start it."""
        deadline = time.monotonic() + within_s
        while (process := self._part(part).process).poll() is not None:
            if time.monotonic() > deadline:
                raise LabError(process.obituary())
            time.sleep(_PAUSE_S)
        return process

    def _pin(self, parts: Sequence[Part]) -> None:
        settle(parts, self._cpus)

    def _part(self, name: str) -> Part:
        try:
            return self._parts[name]
        except KeyError:
            known = ", ".join(self._parts) or "nothing: it is down"
            raise LabError(f"the stack of {self._mode.name} has no part {name!r}; it has {known}.") from None

    def _kept(self, name: str) -> Part:
        """A part that was not scaled away. One that was is kept, because its CPU time still counts."""
        if name != "proxy":
            self._number_of(name)
        return self._part(name)

    def _number_of(self, worker: str) -> int:
        """The worker's place among the current workers."""
        self._part(worker)
        if worker == "proxy":
            raise LabError("the proxy is not a worker: it can be neither started again nor drained.")
        try:
            return self._names.index(worker)
        except ValueError:
            raise _Overtaken(f"{worker} is no longer a worker: it was scaled away.") from None

    def _its_store(self) -> LocalStore:
        if self._store is None:
            raise LabError(f"the mode {self._mode.name} has no store.")
        return self._store


def _taking_connections(master: int) -> list[int]:
    """The processes of an nginx that accept new connections. One that will end calls itself "… is shutting down".

    If a process's title can't be read, all children count.
    """
    found = []
    for pid in group_members([master])[master]:
        with contextlib.suppress(OSError, psutil.Error):
            if pid != master and "is shutting down" not in " ".join(psutil.Process(pid).cmdline()):
                found.append(pid)
    return found
