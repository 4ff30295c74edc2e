"""A compose project of the lab: a mode's compose file, run under the lab's own name, port and mark."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import docker.errors

from authlab.host.content import content_root
from authlab.host.ports import LOOPBACK, free_port, this_port
from authlab.model.modes import Mode
from authlab.stack.compose.command import Command, Failed
from authlab.stack.compose.containers import keys_container, parts_of, put_files, save_logs
from authlab.stack.compose.context import ComposeContext
from authlab.stack.compose.images import content_tag, ensure_images
from authlab.stack.compose.mode_file import compose_file
from authlab.stack.compose.model import LINK, LISTEN_CONF, PROXY, PROXY_PORT, UPSTREAM_CONF, Particulars, lab_model
from authlab.stack.compose.ownership import LABEL, remove_owned
from authlab.stack.nginx import listen_conf, named_for, upstream_conf

_TRIES = 3
_BUILD_WITHIN_S = 900.0
_RESOLVE_WITHIN_S = 30.0
_AT_LEAST_S = 1.0
_PORT_IS_TAKEN = ("port is already allocated", "address already in use")
PROXY_LOG = "/dev/stdout authlab buffer=32k flush=1s"
"""As in compose/nginx/listen.conf: the engine spends 0.16 ms of CPU on each piece of output."""

_STOP_PROXY_WITHIN_S = 2
_START = ("up", "--detach", "--no-build", "--no-recreate")


class Project:
    """Prepare, start, scale, remove. `port` is the proxy's on loopback, 0 while it is down."""

    def __init__(self, mode: Mode, context: ComposeContext, logs: Path, fixed_port: int | None) -> None:
        self.name = f"authlab-{context.token}-{mode.name}"
        self.port = 0
        self.logs = logs
        self._mode = mode
        self._context = context
        self._fixed_port = fixed_port
        self._folder = context.runtime / mode.name
        self._file = self._folder / f"{mode.name}.yml"
        self._upstream = self._folder / "upstream.conf"
        self._profiles = ["--profile", LINK] if self.is_linked else []
        hashes = json.loads((context.secrets.folder / "users.json").read_bytes())
        variables = {
            "AUTHLAB_TAG": content_tag(),
            "AUTHLAB_STORE_PERSISTENCE": context.persistence,
            # the number of users must fit, or the keys service would make others
            "AUTHLAB_USERS": str(len(hashes)),
            "AUTHLAB_SCRYPT_COST": next(iter(hashes.values())).partition("$")[0],
        }
        if self.is_linked:
            variables["AUTHLAB_REDIS_HOST"] = LINK
        log = logs / "compose.log"
        self._compose = Command(context.engine, context.guardian, self.name, variables, self._folder, log)
        self._resolved: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """The proxy's address; only while it is up."""
        if not self.port:
            raise RuntimeError(f"the stack of {self._mode.name} is not up: it has no address")
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def is_linked(self) -> bool:
        """Whether a link is in front of its store."""
        return self._context.linked and self._mode.needs_store

    @property
    def store_network(self) -> str:
        """The network where the workers find the store."""
        return f"{self.name}_store"

    @property
    def workers_network(self) -> str:
        """The network where the proxy finds the workers."""
        return f"{self.name}_front"

    def prepare(self) -> None:
        """Write and resolve the compose file, and provide its images, which includes building them the first time."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file.write_text(compose_file(self._mode, content_root() / "compose"))
        resolved = self._folder / "resolved.json"
        output = [*self._profiles, "config", "--format", "json", "--output", str(resolved)]
        self._compose.run(self._file, output, f"reading {self._file.name}", _RESOLVE_WITHIN_S)
        self._resolved = json.loads(resolved.read_bytes())
        ensure_images(
            self._context.engine.client,
            self._resolved,
            lambda service: self._compose.run(self._file, ["build", service], f"building {service}", _BUILD_WITHIN_S),
        )

    def start(self, workers: int, within_s: float) -> None:
        """Create the containers, give them the secrets, start them. They need not answer yet."""
        deadline = time.monotonic() + within_s
        for tries_left in reversed(range(_TRIES)):
            with free_port() if self._fixed_port is None else this_port(self._fixed_port) as port:
                self.port = port.number  # released at once: the engine takes it, or reports that another program did
            try:
                self._create_and_start(workers, deadline)
            except Failed as failure:
                taken = any(said in str(failure) for said in _PORT_IS_TAKEN)
                if not (taken and tries_left and self._fixed_port is None):
                    raise
            else:
                return

    def _create_and_start(self, workers: int, deadline: float) -> None:
        self._write_for_proxy(self._upstream, named_for(str(self.port), self._static_upstream().read_text()))
        model = self._write_model(workers)
        what = f"creating the stack of {self._mode.name}"
        self._compose.run(model, ["create", "--no-build"], what, _left_s(deadline))
        secrets = self._context.secrets
        keys = keys_container(self._context.engine.client, self.name)
        signature = self._mode.signature
        names = ("users.json", "redis.json", *((signature.keys,) if signature else ()))
        put_files(keys, "/run/authlab/service", {name: (secrets.folder / name).read_bytes() for name in names}, 0o600)
        put_files(keys, "/run/authlab/load", {"credentials.json": secrets.credentials.read_bytes()}, 0o644)
        self._compose.run(model, _START, f"starting the stack of {self._mode.name}", _left_s(deadline))

    def scale(self, workers: int, within_s: float) -> None:
        """Start further workers, or stop the last ones."""
        what = f"scaling {self._mode.name} to {workers} workers"
        self._compose.run(self._write_model(workers), _START, what, within_s)

    def rewrite_upstream(self, addresses: Collection[str], drained: Collection[str]) -> None:
        """Give the proxy a list of the workers, which it reads at SIGHUP, instead of the one name for all."""
        conf = upstream_conf(self._mode.routing, list(addresses), drained, str(self.port))
        self._write_for_proxy(self._upstream, conf)

    def give(self, name: str, content: bytes) -> None:
        """Put a file into the folder of the workers' secrets."""
        keys = keys_container(self._context.engine.client, self.name)
        put_files(keys, "/run/authlab/service", {name: content}, 0o600)

    def containers(self) -> dict[str, Any]:
        """Its current containers by part."""
        return parts_of(self._context.engine.client, self.name)

    def end_proxy(self) -> None:
        """Let the proxy write the last lines of its log, and end."""
        proxy = self.containers().get("proxy")
        if proxy is not None:
            with contextlib.suppress(docker.errors.NotFound):
                proxy.stop(timeout=_STOP_PROXY_WITHIN_S)

    def save_logs(self) -> None:
        """Write the containers' output so far into the folder of logs."""
        with contextlib.suppress(docker.errors.NotFound):  # somebody else removed it: there is no more output
            save_logs(self.containers(), self.logs)

    def remove(self) -> None:
        """Remove everything: containers, networks, volumes."""
        remove_owned(self._context.engine.client, self._context.label, self.name)
        self.port = 0

    def _write_model(self, workers: int) -> Path:
        listen = self._folder / "listen.conf"
        self._write_for_proxy(listen, listen_conf(str(PROXY_PORT), self._context.read_timeout_s, log=PROXY_LOG))
        mark = (LABEL, self._context.label)
        files = {LISTEN_CONF: listen, UPSTREAM_CONF: self._upstream}
        particulars = Particulars(mark, workers, self.port, self._context.settings, files)
        file = self._folder / "model.json"
        file.write_text(json.dumps(lab_model(self._resolved, particulars)))
        return file

    def _static_upstream(self) -> Path:
        """The file of compose/nginx that the compose file mounts."""
        (volume,) = [v for v in self._resolved["services"][PROXY]["volumes"] if v["target"] == UPSTREAM_CONF]
        return Path(volume["source"])

    def _write_for_proxy(self, file: Path, text: str) -> None:
        """Write the file in place: this very file is mounted, so a new file of the same name would have no effect."""
        file.write_text(text)
        file.chmod(0o644)  # for the proxy's user; nobody else can enter our folder


def _left_s(deadline: float) -> float:
    return max(_AT_LEAST_S, deadline - time.monotonic())
