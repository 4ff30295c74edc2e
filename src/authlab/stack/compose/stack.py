"""One mode as containers: what its compose file describes, run by the lab."""

from __future__ import annotations

import http.client
import itertools
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from authlab.host.obituary import how_it_ended
from authlab.host.ports import LOOPBACK
from authlab.model.errors import LabError
from authlab.model.modes import Mode
from authlab.stack.capabilities import Link
from authlab.stack.compose.containers import part_name
from authlab.stack.compose.context import ComposeContext
from authlab.stack.compose.deaths import Death
from authlab.stack.compose.meter import Meter
from authlab.stack.compose.model import LINK_CONTROL_PORT, LINK_PORT, WORKER, WORKER_PORT
from authlab.stack.compose.project import Project
from authlab.stack.link import ControlledLink
from authlab.stack.protocol import PartUsage, WorkerInfo

_PAUSE_S = 0.1
_ANSWER_WITHIN_S = 2.0
_NETWORKS = itertools.cycle(range(256))  # networks of clients, one after the other
_PERIOD_US = 100_000  # the default period of the kernel's CPU bandwidth control


class ComposeStack:
    """A `Stack` of containers. `ComposeStacks` brings several up side by side.

    A worker's `url` is its container's own address. The host can reach it if the engine runs on this Linux machine.
    """

    def __init__(self, mode: Mode, workers: int, context: ComposeContext, logs: Path, port: int | None = None) -> None:
        self._mode = mode
        self._workers = workers
        self._context = context
        self._logs = logs
        self._project = Project(mode, context, logs, port)
        self._parts: dict[str, Any] = {}
        self._meters: dict[str, Meter] = {}

    @property
    def mode(self) -> Mode:
        """The mode that it serves."""
        return self._mode

    @property
    def url(self) -> str:
        """The proxy's address on loopback; only while it is up."""
        return self._project.url

    @property
    def workers(self) -> Sequence[WorkerInfo]:
        """Its workers; none while it is down."""
        return [
            WorkerInfo(part, f"http://{self._address(container, self._project.workers_network)}:{WORKER_PORT}")
            for part, container in self._parts.items()
            if part.startswith(WORKER)
        ]

    @property
    def parts(self) -> dict[str, Any]:
        """Its containers by part, while it is up."""
        return dict(self._parts)

    @property
    def access_log(self) -> Path:
        """The proxy's access log, written when the stack is stopped."""
        return self._logs / "nginx-access.log"

    @property
    def link(self) -> Link | None:
        """The link in front of its store, if it was asked for, while it is up."""
        if "link" not in self._parts:
            return None
        self._parts["link"].reload()  # after a restart it may have another address
        host = self._address(self._parts["link"], self._project.store_network)
        return ControlledLink(host, LINK_PORT, LINK_CONTROL_PORT, self._context.secrets.store_password)

    def up(self, deadline_s: float) -> None:
        """Start this stack alone. Raises `LabError`; then nothing of it is left."""
        try:
            self.prepare()
            self._context.deaths.start()
            deadline = time.monotonic() + deadline_s
            self.start(deadline_s)
            self.wait_until_served(max(0.0, deadline - time.monotonic()))
            self.settle()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Save the logs and remove all containers, networks and volumes. Harmless if it is down."""
        try:
            self.end()
        finally:
            self._project.remove()
            self.forget()

    def usage(self) -> list[PartUsage]:
        """CPU and memory of proxy, workers, store and link, by control group."""
        return [meter.read() for meter in self._meters.values()]

    def troubles(self) -> list[str]:
        """The containers that ended unexpectedly since the start. The restart policy may have brought them back."""
        return [self._obituary(death) for death in self._context.deaths.found(self._is_ours)]

    # Its start, in steps that `ComposeStacks` takes for several at once

    def prepare(self) -> None:
        """Provide the images, which includes building them the first time."""
        self._project.prepare()

    def start(self, within_s: float) -> None:
        """Start everything. It need not answer yet."""
        self._project.start(self._workers, within_s)
        self._look()

    def wait_until_served(self, within_s: float, workers: Collection[str] | None = None) -> None:
        """Wait until every worker (of those named) has answered through the proxy, and the store through the link.

        Raises `LabError` if one dies or stays silent.
        """
        deadline = time.monotonic() + within_s
        missing = {worker.name for worker in self.workers} if workers is None else set(workers)
        known_troubles = len(self.troubles())
        answer = "nothing"
        while missing:
            if troubles := self.troubles()[known_troubles:]:
                raise LabError("\n".join(troubles))
            if time.monotonic() > deadline:
                raise LabError(
                    f"{', '.join(sorted(missing))} of {self._mode.name} did not answer through the proxy within "
                    f"{within_s:.0f} s (the last answer came from: {answer}). Logs: {self._logs}"
                )
            answer = self._ask()
            if answer in missing:
                missing.discard(answer)
            else:
                time.sleep(_PAUSE_S)
        if workers is None:
            self._wait_for_link(deadline)

    def _wait_for_link(self, deadline: float) -> None:
        while self.link is not None:
            try:
                self.link.round_trip_ms()
            except LabError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def settle(self) -> None:
        """Pin it to its cores and limit its CPU. Not before, because starting needs nothing but CPU."""
        context = self._context
        for part, container in self._parts.items():
            limits: dict[str, Any] = {}
            if context.cpus and self._meters[part].is_local:  # another machine numbers its cores differently
                limits["cpuset_cpus"] = ",".join(map(str, context.cpus))
            if context.worker_cpus and part.startswith(WORKER):
                limits |= {"cpu_period": _PERIOD_US, "cpu_quota": round(context.worker_cpus * _PERIOD_US)}
            if limits:
                container.update(**limits)

    def save_logs(self) -> None:
        """Write the containers' output so far into the folder of logs."""
        self._project.save_logs()

    def end(self) -> None:
        """Stop serving, and save the output to the last line."""
        self._project.end_proxy()
        self.save_logs()

    def forget(self) -> None:
        """Its containers are gone."""
        self._parts.clear()
        self._meters.clear()
        self._project.port = 0

    def _look(self) -> None:
        """Find its current containers."""
        self._parts = self._project.containers()
        known = self._meters
        self._meters = {
            part: known.get(part) or Meter(part, container, container.attrs["State"]["Pid"])
            for part, container in self._parts.items()
        }

    def _address(self, container: Any, network: str) -> str:
        """Empty while it does not run."""
        return str(container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])

    def _ask(self, host: str = LOOPBACK, port: int | None = None) -> str:
        """The worker that answers /healthz, by default through the proxy, or what answered instead."""
        connection = http.client.HTTPConnection(host, port or self._project.port, timeout=_ANSWER_WITHIN_S)
        try:
            # As another client each time: with routing by address, one client always reaches the same worker.
            connection.request("GET", "/healthz", headers={"X-Forwarded-For": f"10.0.{next(_NETWORKS)}.1"})
            response = connection.getresponse()
            response.read()
            # without the number of a process
            return (response.getheader("X-Worker") or "").partition(".")[0] or f"the proxy, status {response.status}"
        except (OSError, http.client.HTTPException) as error:
            return f"nobody: {error}"
        finally:
            connection.close()

    def _is_ours(self, death: Death) -> bool:
        return death.project == self._project.name and part_name(death.service, death.number) is not None

    def _obituary(self, death: Death) -> str:
        part = part_name(death.service, death.number)
        said = "\n".join(f"    {line}" for line in death.said)
        words = f"Its last lines:\n{said}" if said else "It wrote nothing."
        log = self._logs / ("nginx-error.log" if part == "proxy" else f"{part}.log")
        return f"{part} of {self._mode.name} {how_it_ended(death.status)}. {words}\n  Full log: {log}"
