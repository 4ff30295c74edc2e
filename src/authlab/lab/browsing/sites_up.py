"""Runs the browser lab's sites on loopback: the deliberately weak API, and nginx with TLS in front of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authlab.browser.certificates import Certificate, make_certificate
from authlab.browser.sites import CERTIFIED, Ports, nginx_conf, resolver_rules
from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK, ReservedPort, free_port
from authlab.host.processes import Guardian, minimal_environment
from authlab.model.errors import Unavailable
from authlab.stack import nginx, worker
from authlab.stack.bring_up import bring_down, bring_up
from authlab.stack.part import Part
from authlab.stack.probe import Probe, healthz
from authlab.stack.programs import Program, find_nginx
from authlab.stack.secrets import Secrets

API = "services.browser.wsgi:app"
_WORKER = "worker-1"
_UP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Pages:
    """Where the built app and the attack pages are."""

    app: Path
    attacks: Path


def shipped_pages() -> Pages:
    """The pages of `services/spa`. Raises `Unavailable` if the app is not built."""
    root = content_root() / "services" / "spa"
    if not (root / "dist" / "index.html").is_file():
        raise Unavailable("the browser lab's app is not built. Remedy: make spa (it needs Node.js ≥ 18.18 and npm).")
    return Pages(root / "dist", root / "attacks")


@dataclass(frozen=True)
class Sites:
    """What a browser must know of the sites, and the API's own port for the lab's questions."""

    ports: Ports
    certificate: Certificate
    secrets: Secrets

    @property
    def resolver(self) -> str:
        """The value of `--host-resolver-rules`."""
        return resolver_rules(self.ports.https, self.ports.http)


class _Unit:
    """Nginx and the API, started and stopped as one."""

    def __init__(
        self,
        guardian: Guardian,
        program: Program,
        folder: Path,
        logs: Path,
        secrets: Secrets,
        pages: Pages,
        mode: tuple[int, str],
    ) -> None:
        self._guardian = guardian
        self._program = program
        self._folder = folder
        self._logs = logs
        self._secrets = secrets
        self._pages = pages
        self._mode = mode
        self._reserved: list[ReservedPort] = []
        self._parts: dict[str, Part] = {}
        self.certificate = make_certificate(folder, CERTIFIED)

    @property
    def parts(self) -> Sequence[Part]:
        return list(self._parts.values())

    @property
    def ports(self) -> Ports:
        https, http, api = (port.number for port in self._reserved)
        return Ports(https, http, api, *self._mode)

    def reserve(self) -> None:
        self._reserved = []
        for _ in range(3):
            self._reserved.append(free_port())

    def start(self) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._start_api()
        # With links, no path of the user must be quoted for nginx.
        nginx.link_into(self._folder, "app", self._pages.app)
        nginx.link_into(self._folder, "attacks", self._pages.attacks)
        (self._folder / "nginx.conf").write_text(nginx_conf(self.ports), encoding="utf-8")
        nginx.link_into(self._folder, "access.log", self._logs / "nginx-access.log")
        log = self._logs / "nginx-error.log"
        process = nginx.start(self._guardian, self._program, "the browser lab's proxy", self._folder, log)
        self._parts["proxy"] = Part("proxy", process)

    def _start_api(self) -> None:
        env = minimal_environment() | {
            "AUTHLAB_WORKER": _WORKER,
            "AUTHLAB_BIND": f"{LOOPBACK}:{self.ports.api}",
            "AUTHLAB_SECRETS": str(self._secrets.folder.absolute()),
            "AUTHLAB_TLS": "1",
        }
        log = self._logs / f"{_WORKER}.log"
        process = worker.serve(self._guardian, "the browser lab's API", [API], env, log)
        self._parts[_WORKER] = Part(_WORKER, process, end_with=signal.SIGQUIT)

    def probes(self) -> Sequence[Probe]:
        return [Probe(self._parts[_WORKER].process, healthz(self.ports.api, _WORKER))]

    def final_probes(self) -> Sequence[Probe]:
        return [Probe(self._parts["proxy"].process, healthz(self.ports.http, None))]

    def forget(self) -> None:
        self._parts.clear()
        for port in self._reserved:
            port.release()
        self._reserved = []


@contextmanager
def sites_up(
    guardian: Guardian,
    folder: Path,
    logs: Path,
    secrets: Secrets,
    *,
    pages: Pages | None = None,
    mode: tuple[int, str] = (0, ""),
) -> Iterator[Sites]:
    """Run the sites for as long as the context lasts. Their private files are in `folder`, which is made.

    `pages` are the shipped ones if not given. `mode` is the port and the name of a mode's proxy that the app shows.
    Raises `LabError` if the sites don't start.
    """
    pages = pages or shipped_pages()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unit = _Unit(guardian, find_nginx(), folder, logs, secrets, pages, mode)
    bring_up([unit], _UP_WITHIN_S)
    try:
        yield Sites(unit.ports, unit.certificate, secrets)
    finally:
        bring_down([unit])
