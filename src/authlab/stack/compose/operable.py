"""What can be done to a running stack of containers: see `authlab.stack.capabilities`."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import docker.errors

from authlab.model.errors import LabError
from authlab.model.modes import Mode
from authlab.model.session_store import StoreProbe
from authlab.stack import store_probe, store_server
from authlab.stack.capabilities import Gone
from authlab.stack.compose import inside, operations
from authlab.stack.compose.context import ComposeContext
from authlab.stack.compose.model import STORE_PORT, WORKER, WORKER_PORT
from authlab.stack.compose.stack import ComposeStack
from authlab.stack.compose.trouble import engine_errors_as_lab_errors

_BACK_WITHIN_S = 30.0
_RELOAD_WITHIN_S = 10.0
_ANSWER_WITHIN_S = 1.0
_READ_WITHIN_S = 5.0
_PAUSE_S = 0.01


class OperableComposeStack(ComposeStack):
    """A stack of containers with all capabilities.

    Until a worker is drained for the first time, the proxy finds the workers by the one name for all of them. From then
    on it uses a list of their addresses. The lab writes the list again whenever a worker may have got another address.
    """

    def __init__(self, mode: Mode, workers: int, context: ComposeContext, logs: Path, port: int | None = None) -> None:
        super().__init__(mode, workers, context, logs, port)
        self._workers_at_first = workers
        self._listed: list[str] | None = None
        self._drained: set[str] = set()
        self._paused: set[str] = set()

    def end(self) -> None:
        """Resume what is frozen, write its last output, and serve no more."""
        for part in list(self._paused):
            with contextlib.suppress(docker.errors.APIError, LabError):
                self.resume(part)
        super().end()

    def forget(self) -> None:
        """Its containers are gone: it is as it was before its first start."""
        self._listed = None
        self._drained.clear()
        self._paused.clear()
        self._workers = self._workers_at_first
        super().forget()

    # Crashing, stopping

    def crash(self, part: str) -> Gone:
        """End a part as a crash does. The restart policy brings it back."""
        return self._ended(part, operations.crash)

    def stop(self, part: str, *, kill: bool = False) -> Gone:
        """End a part without a restart, gracefully or by SIGKILL."""
        gone = self._ended(part, operations.kill if kill else operations.stop)
        if part.startswith(WORKER):
            self._list_workers_anew()
        return gone

    def start_again(self, part: str, within_s: float = _BACK_WITHIN_S) -> None:
        """Start a stopped part. Returns when it serves; for a worker with new clients, through the proxy, too."""
        begun, container = time.monotonic(), self._part(part)
        with engine_errors_as_lab_errors():
            container.reload()
            if container.attrs["State"]["Running"]:
                raise LabError(f"{container.name} runs: it can't be started again.")
            container.start()
            self._look()
        self.wait_serving(part, within_s)
        if part.startswith(WORKER):
            self._list_workers_anew()
            if part not in self._drained:
                self.wait_until_served(begun + within_s - time.monotonic(), [part])

    def _ended(self, part: str, end: Callable[[Any], int]) -> Gone:
        container = self._part(part)
        with engine_errors_as_lab_errors():
            operations.running_pid(container, "ended")
            self._context.deaths.ask_for(container.id)
            since = time.monotonic()
            pid = end(container)
        self._paused.discard(part)
        return Gone(part, pid, time.monotonic() - since)

    # Pausing

    def pause(self, part: str) -> int:
        """Freeze a part by the kernel's freezer: a stall, not a crash."""
        container = self._part(part)
        with engine_errors_as_lab_errors():
            pid = operations.running_pid(container, "paused")
            container.pause()
        self._paused.add(part)
        return pid

    def resume(self, part: str) -> None:
        """Resume a paused part."""
        self._paused.discard(part)
        container = self._part(part)
        with engine_errors_as_lab_errors():
            container.reload()
            if container.attrs["State"]["Paused"]:
                container.unpause()

    # More or fewer workers, and which of them get new clients

    def scale(self, workers: int, within_s: float = _BACK_WITHIN_S) -> None:
        """Change to that number of workers. Returns when the proxy reaches all that may get clients. Starts stopped
        ones."""
        if workers < 1:
            raise ValueError(f"a stack needs at least one worker, not {workers}")
        begun = time.monotonic()
        with engine_errors_as_lab_errors():
            for part, container in self._parts.items():
                if part.startswith(WORKER) and int(part.rpartition("-")[2]) > workers:
                    self._expect_end(container)
                    self._drained.discard(part)
            self._workers = workers
            self._project.scale(workers, within_s)
            self._look()
            self._list_workers_anew()
            names = {worker.name for worker in self.workers} - self._drained
            self.wait_until_served(begun + within_s - time.monotonic(), names)
            self.settle()

    def _expect_end(self, container: Any) -> None:
        container.reload()
        if container.attrs["State"]["Pid"]:
            self._context.deaths.ask_for(container.id)

    def drain(self, worker: str) -> None:
        """nginx's `drain`: only clients whose cookie names it reach the worker."""
        self._part(worker)
        self._drained.add(worker)
        with engine_errors_as_lab_errors():
            self._list_workers()

    def undrain(self, worker: str) -> None:
        """Give it new clients again."""
        if worker in self._drained:
            self._drained.discard(worker)
            with engine_errors_as_lab_errors():
                self._list_workers()

    def _list_workers_anew(self) -> None:
        """Give the proxy the current addresses, if it uses addresses."""
        if self._listed is not None:
            with engine_errors_as_lab_errors():
                self._list_workers()

    def _list_workers(self) -> None:
        self._look()
        network = self._project.workers_network
        workers = {part: container for part, container in self._parts.items() if part.startswith(WORKER)}
        found = {part: self._address(container, network) for part, container in workers.items()}
        addresses = {part: f"{address}:{WORKER_PORT}" for part, address in found.items() if address}
        drained = {addresses[part] for part in self._drained if part in addresses}
        listed = [f"{address}{' drain' if address in drained else ''}" for address in addresses.values()]
        if addresses and listed != self._listed:
            self._project.rewrite_upstream(list(addresses.values()), drained)
            operations.reload_nginx(self._part("proxy"), _RELOAD_WITHIN_S)
            self._listed = listed

    # The store, files for the service, and who serves

    def flush_store(self) -> int:
        """Remove every key of the store."""
        with engine_errors_as_lab_errors():
            return inside.flush(self._part("store"))

    def probe_store(self, calls: int) -> StoreProbe:
        """Time reads of a session at the store, from here: over the engine's bridge, as the workers reach it."""
        container = self._part("store")
        if not self._meters["store"].is_local:
            raise LabError(
                "its containers have no address that this machine can reach. Run the lab where the engine runs."
            )
        with engine_errors_as_lab_errors():
            host = self._address(container, self._project.store_network)
        return store_probe.probe(STORE_PORT, self._context.secrets.store_password, calls, _READ_WITHIN_S, host)

    def give(self, name: str, content: Mapping[str, Any]) -> None:
        """Put a file into the volume of the workers' secrets."""
        with engine_errors_as_lab_errors():
            self._project.give(name, json.dumps(content, indent=1).encode())

    def wait_serving(self, part: str, within_s: float) -> float:
        """Wait until the part answers by itself. Returns the seconds it took."""
        since, container = time.monotonic(), self._part(part)
        with engine_errors_as_lab_errors():
            while not self._serves(part, container):
                if time.monotonic() > since + within_s:
                    raise LabError(
                        f"{part} of {self._mode.name} did not answer within {within_s:g} s. Logs: {self._logs}"
                    )
                time.sleep(_PAUSE_S)
            took = time.monotonic() - since
            if part.startswith(WORKER):
                self._list_workers_anew()  # a crashed worker may have come back with another address
        return took

    def _serves(self, part: str, container: Any) -> bool:
        if part == "proxy":
            return self._ask().startswith(WORKER)
        if part == "link":
            return self._links()
        if not self._meters[part].is_local:  # this machine can't reach its address
            return inside.store_answers(container) if part == "store" else inside.worker_answers(container)
        container.reload()
        if not container.attrs["State"]["Running"]:
            return False
        if part == "store":
            host = self._address(container, self._project.store_network)
            password = self._context.secrets.store_password
            return store_server.why_not_ready(STORE_PORT, password, _ANSWER_WITHIN_S, host) is None
        return self._ask(self._address(container, self._project.workers_network), WORKER_PORT) == part

    def _links(self) -> bool:
        try:
            return self.link is not None and self.link.round_trip_ms() > 0
        except LabError:
            return False

    def _part(self, name: str) -> Any:
        try:
            return self._parts[name]
        except KeyError:
            known = ", ".join(self._parts) or "nothing: it is down"
            raise LabError(f"the stack of {self._mode.name} has no part {name!r}; it has {known}.") from None
