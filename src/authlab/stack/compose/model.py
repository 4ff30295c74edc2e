"""A compose file as the lab needs it: the user's own file, resolved by Compose, marked, and adapted to this run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authlab.host.ports import LOOPBACK

KEYS = "keys"
WORKER = "worker"
PROXY = "proxy"
STORE = "redis"
LINK = "link"

PROXY_PORT = 8080
WORKER_PORT = 8000
STORE_PORT = 6379
LINK_PORT = 6379
LINK_CONTROL_PORT = 6380
"""Inside the containers."""

INSTANCE = "AUTHLAB_INSTANCE"

LISTEN_CONF = "/etc/authlab/listen.conf"
UPSTREAM_CONF = "/etc/authlab/upstream.conf"


@dataclass(frozen=True)
class Particulars:
    """The differences to `docker compose up`: the lab's mark, the number of workers, the proxy's port on loopback,
    further variables of the workers, and files of the lab that replace those in compose/nginx, by their path in the
    container."""

    label: tuple[str, str]
    workers: int
    port: int
    worker_environment: Mapping[str, str]
    proxy_files: Mapping[str, Path] = field(default_factory=dict)


def lab_model(resolved: Mapping[str, Any], particulars: Particulars) -> dict[str, Any]:
    """The model for Compose to run. `resolved` is what `compose config --format json` prints."""
    model = copy.deepcopy(dict(resolved))
    name, value = particulars.label
    for kind in ("services", "networks", "volumes"):
        for definition in model.get(kind, {}).values():
            definition.setdefault("labels", {})[name] = value
    for service in model["services"].values():
        service.pop("build", None)  # built beforehand
        service.pop("profiles", None)  # every resolved service is wanted
        service["healthcheck"] = {"disable": True}  # the lab checks by itself; nothing may disturb a measurement
        service["logging"] = {"driver": "json-file"}  # everything goes into the run's folder, and is then removed
    worker, proxy = model["services"][WORKER], model["services"][PROXY]
    worker["scale"] = particulars.workers
    published = str(particulars.port)
    worker.setdefault("environment", {}).update({INSTANCE: published, **particulars.worker_environment})
    proxy.setdefault("environment", {})[INSTANCE] = ""  # the lab's upstream.conf has the cookie's name already
    (port,) = proxy["ports"]
    port.update(host_ip=LOOPBACK, published=published)
    for volume in proxy["volumes"]:
        if volume["target"] in particulars.proxy_files:
            volume["source"] = str(particulars.proxy_files[volume["target"]].absolute())
    return model
