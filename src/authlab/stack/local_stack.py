"""One mode as local processes: nginx in front of N gunicorn instances."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from authlab.host.ports import LOOPBACK, ReservedPort, this_port
from authlab.model.modes import Mode
from authlab.stack import nginx, worker
from authlab.stack.bring_up import bring_down, bring_up
from authlab.stack.local_context import LocalContext
from authlab.stack.local_store import LocalStore
from authlab.stack.part import Part
from authlab.stack.probe import Probe, healthz
from authlab.stack.protocol import PartUsage, WorkerInfo


class LocalStack:
    """A `Stack` of local processes. A `Startable`; `LocalStacks` starts several side by side.

    Ports stay reserved from `up` to `down`, so a restarted worker has the same address.
    """

    def __init__(
        self,
        mode: Mode,
        workers: int,
        context: LocalContext,
        logs: Path,
        store: LocalStore | None,
        port: int | None = None,
    ) -> None:
        self._mode = mode
        self._names = [f"worker-{n}" for n in range(1, workers + 1)]
        self._context = context
        self._logs = logs
        self._store = store if mode.needs_store else None
        self._fixed_port = port
        self._proxy_port: ReservedPort | None = None
        self._worker_ports: list[ReservedPort] = []
        self._parts: dict[str, Part] = {}

    @property
    def mode(self) -> Mode:
        """The mode that it serves."""
        return self._mode

    @property
    def url(self) -> str:
        """The proxy's address; only while it is up."""
        if self._proxy_port is None:
            raise RuntimeError(f"the stack of {self._mode.name} is not up: it has no address")
        return f"http://{LOOPBACK}:{self._proxy_port.number}"

    @property
    def instance(self) -> str:
        """What its cookies' names end in: the proxy's port, which no other stack on this host has."""
        return str(self._proxy_port.number) if self._proxy_port else ""

    @property
    def workers(self) -> Sequence[WorkerInfo]:
        """Its workers, in the proxy's order; none while it is down."""
        return [
            WorkerInfo(name, f"http://{LOOPBACK}:{port.number}")
            for name, port in zip(self._names, self._worker_ports, strict=False)
        ]

    @property
    def parts(self) -> Sequence[Part]:
        """Proxy and workers, while it is up."""
        return list(self._parts.values())

    @property
    def access_log(self) -> Path:
        """The proxy's access log (`authlab.stack.access_log` reads it)."""
        return self._logs / "nginx-access.log"

    def up(self, deadline_s: float) -> None:
        """Start this stack alone. A store that it needs must be up already. Raises `LabError`."""
        bring_up([self], deadline_s)

    def down(self) -> None:
        """Stop it. Harmless if it is down."""
        bring_down([self])

    def usage(self) -> list[PartUsage]:
        """CPU and memory of proxy, workers and (shared with other modes) the store."""
        return [part.usage() for part in self._all_parts()]

    def troubles(self) -> list[str]:
        """What died or was replaced unexpectedly since the start, including the shared store."""
        return [trouble for part in self._all_parts() for trouble in part.troubles()]

    def _all_parts(self) -> list[Part]:
        return [*self.parts, *(self._store.parts if self._store else [])]

    def reserve(self) -> None:
        """Take the ports of proxy and workers. Raises `Unavailable` if the fixed port is in use."""
        self._proxy_port = self._context.take_port() if self._fixed_port is None else this_port(self._fixed_port)
        self._worker_ports = []
        for _ in self._names:
            self._worker_ports.append(self._context.take_port())

    def start(self) -> None:
        """Start workers and proxy."""
        self._logs.mkdir(parents=True, exist_ok=True)
        for number in range(len(self._names)):
            self.start_worker(number)
        self._start_proxy()

    def start_worker(self, number: int, cpus: Sequence[int] | None = None) -> Part:
        """Start the worker with this index on its port, for the first time or after its end.

        It does not answer yet when this returns (its `probes` show when). `cpus` pins it from the start.
        """
        name = self._names[number]
        env = worker.environment(
            self._mode,
            name,
            port=self._worker_ports[number].number,
            secrets=self._context.secrets.folder,
            instance=self.instance,
            store_port=self._store.port if self._store else None,
            settings=self._context.settings,
        )
        log = self._logs / f"{name}.log"
        process = worker.start(self._context.guardian, self._mode, name, env, log, cpus)
        if name in self._parts:
            self._parts[name].replace(process)
        else:
            # SIGQUIT ends gunicorn at once; on SIGTERM it waits for idle keep-alive connections (2.3 s measured)
            self._parts[name] = Part(name, process, end_with=signal.SIGQUIT)
        return self._parts[name]

    def _start_proxy(self) -> None:
        folder = self._context.runtime / self._mode.name / "proxy"
        nginx.prepare(
            folder,
            routing=self._mode.routing,
            port=self._proxy_port.number if self._proxy_port else 0,
            workers=[port.number for port in self._worker_ports],
            read_timeout_s=self._context.read_timeout_s,
            log=self.access_log,
        )
        log = self._logs / "nginx-error.log"
        name = f"the proxy of {self._mode.name}"
        self._parts["proxy"] = Part(
            "proxy", nginx.start(self._context.guardian, self._context.nginx, name, folder, log)
        )

    def probes(self) -> Sequence[Probe]:
        """Every worker answers by itself, under its own name."""
        return [
            Probe(self._parts[name].process, healthz(port.number, name))
            for name, port in zip(self._names, self._worker_ports, strict=True)
        ]

    def final_probes(self) -> Sequence[Probe]:
        """After that, the proxy passes a request on."""
        return [Probe(self._parts["proxy"].process, healthz(port.number, None)) for port in [self._proxy_port] if port]

    def forget(self) -> None:
        """Its programs have ended: release the ports."""
        self._parts.clear()
        for port in [self._proxy_port, *self._worker_ports]:
            if port is not None:
                port.release()
        self._proxy_port = None
        self._worker_ports = []
