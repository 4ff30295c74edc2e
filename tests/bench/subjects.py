"""What is measured: one worker of each mode and of each peer, side by side, all under services/gunicorn_conf.py."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.ports import ReservedPort
from authlab.host.processes import Guardian, minimal_environment
from authlab.stack.bring_up import bring_down, bring_up
from authlab.stack.local_context import LocalContext
from authlab.stack.local_store import LocalStore
from authlab.stack.part import Part
from authlab.stack.probe import Probe, healthz
from authlab.stack.programs import find_nginx, find_store_server
from authlab.stack.secrets import make_secrets

_HERE = Path(__file__).resolve().parent
_UP_WITHIN_S = 60.0
_SERVICE = "services.wsgi:app"


@dataclass(frozen=True)
class Subject:
    """An application: `state` is the AUTHLAB_STATE whose settings it needs, `application` what gunicorn loads."""

    name: str
    state: str
    application: str = _SERVICE
    needs_store: bool = False


MODES = (
    Subject("none", "none"),
    Subject("sticky", "memory"),
    Subject("redis", "redis", needs_store=True),
    Subject("redis-lean", "redis_lean", needs_store=True),
    Subject("flask-session", "flask_session", needs_store=True),
    Subject("jwt", "jwt"),
    Subject("jwt-lean", "jwt_lean"),
    Subject("flask-jwt-extended", "flask_jwt_extended"),
)
BARE = Subject("bare", "none", "peers.bare:app")


class Worker:
    """One gunicorn instance of one subject. A unit of `authlab.stack.bring_up`."""

    def __init__(
        self, subject: Subject, label: str, context: LocalContext, store: LocalStore | None, log: Path
    ) -> None:
        self.subject = subject
        self.label = label
        self._context = context
        self._store = store
        self._log = log
        self._port: ReservedPort | None = None
        self.parts: Sequence[Part] = ()

    @property
    def port(self) -> int:
        """Where it listens; 0 while it is down."""
        return 0 if self._port is None else self._port.number

    def cpu_ns(self) -> int:
        """CPU time that gunicorn's master and its one child have used so far."""
        return sum(part.usage().cpu_ns for part in self.parts)

    def reserve(self) -> None:
        self._port = self._context.take_port()

    def start(self) -> None:
        root = content_root()
        env = minimal_environment() | {
            "AUTHLAB_STATE": self.subject.state,
            "AUTHLAB_WORKER": self.label,
            "AUTHLAB_BIND": f"127.0.0.1:{self.port}",
            "AUTHLAB_SECRETS": str(self._context.secrets.folder.absolute()),
            "AUTHLAB_REDIS_PORT": str(self._store.port if self._store else 6379),
            "AUTHLAB_REDIS_PREFIX": f"{self.label}:",
        }
        conf = root / "services" / "gunicorn_conf.py"
        argv = [sys.executable, "-m", "gunicorn", "-c", str(conf), "--pythonpath", str(_HERE), self.subject.application]
        process = self._context.guardian.spawn(self.label, argv, log=self._log, env=env, cwd=root)
        self.parts = [Part("worker", process, end_with=signal.SIGQUIT)]

    def probes(self) -> Sequence[Probe]:
        return [Probe(part.process, healthz(self.port, self.label)) for part in self.parts]

    def final_probes(self) -> Sequence[Probe]:
        return []

    def forget(self) -> None:
        self.parts = ()
        if self._port is not None:
            self._port.release()
            self._port = None


@dataclass(frozen=True)
class Standing:
    """Workers by label, the store that some of them share, and who may log in."""

    workers: dict[str, Worker]
    store: LocalStore | None
    credentials: Path

    def store_cpu_ns(self) -> int:
        """CPU time that the store has used so far."""
        return 0 if self.store is None else sum(part.usage().cpu_ns for part in self.store.parts)


@contextmanager
def standing(
    labelled: dict[str, Subject], folder: Path, *, users: int, cpus: Sequence[int] | None = None
) -> Iterator[Standing]:
    """One worker per label, up for as long as the context, with a store if any needs it. `folder` gets the logs."""
    runtime = folder / "runtime"
    with Guardian([runtime]) as guardian:
        secrets = make_secrets(runtime / "secrets", users)
        context = LocalContext(guardian, find_nginx(), secrets, runtime, read_timeout_s=5.0)
        store = None
        if any(subject.needs_store for subject in labelled.values()):
            store = LocalStore(context, find_store_server(), folder / "store.log")
        workers = {
            label: Worker(subject, label, context, store, folder / f"{label}.log")
            for label, subject in labelled.items()
        }
        # The workers are told the store's port, so it is first.
        units = [*([store] if store else []), *workers.values()]
        try:
            bring_up(units, _UP_WITHIN_S, cpus)
            yield Standing(workers, store, secrets.credentials)
        finally:
            bring_down(units)
