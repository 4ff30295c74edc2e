"""Finds and reaches the Docker engine and Compose. If that fails, says what is wrong and what to do."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors

from authlab.host.processes import minimal_environment
from authlab.model.errors import Unavailable

API_AT_LEAST = (1, 41)
"""Docker 20.10: one-shot readings of `stats`."""

COMPOSE_AT_LEAST = (2, 24)
"""`include` with `extends`, as the compose files have it."""

DEFAULT_SOCKET = "unix:///var/run/docker.sock"

_TIMEOUT_S = 60.0
_ASK_WITHIN_S = 10.0
_CONNECTIONS = 32
_Version = tuple[int, ...]


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers, and the Compose that controls it.

    `client` is the SDK's (thread-safe in the parts that are used). `compose` is the command of Compose, `environment`
    what it needs. `limits_cpu`: whether the kernel can limit a container to a share of a CPU.
    """

    client: Any
    compose: Sequence[str]
    environment: Mapping[str, str]
    version: str
    compose_version: str
    limits_cpu: bool

    def __str__(self) -> str:
        return f"{self.version}, Compose {self.compose_version}"

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def find_engine() -> Engine:
    """The engine that the `docker` command would use, and Compose.

    Raises `Unavailable`, with the remedy: no engine, no permission for its socket, one too old; no Compose, one too
    old.
    """
    address = _address()
    _check_socket(address)
    client, version, limits_cpu = _connected(address)
    try:
        compose, compose_version = _find_compose()
    except BaseException:
        client.close()
        raise
    passed_on = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    environment = {**minimal_environment(), **passed_on, "DOCKER_HOST": address}
    return Engine(client, compose, environment, version, compose_version, limits_cpu)


def about_engine() -> str:
    """Engine and Compose in a few words, for a diagnosis. Raises as `find_engine` does."""
    engine = find_engine()
    engine.close()
    return str(engine)


def _address() -> str:
    """Where the docker command would look: DOCKER_HOST, then its current context (Docker Desktop has one)."""
    if address := os.environ.get("DOCKER_HOST"):
        return address
    if shutil.which("docker"):
        said = _output(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])
        if said.startswith(("unix://", "tcp://", "npipe://", "ssh://")):
            return said
    return DEFAULT_SOCKET


def _check_socket(address: str) -> None:
    """Distinguish a missing engine from a forbidden one: the SDK raises the same error for both."""
    if not address.startswith("unix://"):
        return
    path = Path(address.removeprefix("unix://"))
    start = "start it: sudo systemctl start docker, or open Docker Desktop"
    if not path.exists():
        if shutil.which("dockerd") or shutil.which("docker"):
            raise Unavailable(f"no Docker engine runs at {address} (Docker is installed). Remedy: {start}.")
        raise Unavailable(
            f"no Docker engine runs at {address}, and Docker is not installed. Remedy: install Docker Engine "
            "(docs.docker.com/engine/install) or Docker Desktop, or use --stack local, which needs none."
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_ASK_WITHIN_S)
        try:
            probe.connect(str(path))
        except PermissionError:
            raise Unavailable(
                f"no permission to use the Docker engine at {address}. Remedy: sudo usermod -aG docker $USER, then log "
                "in again (members of that group can become root), or use Docker's rootless mode."
            ) from None
        except OSError as error:
            raise Unavailable(
                f"nothing answers at {address} ({error.strerror or error}): the engine is not running. Remedy: {start}."
            ) from None


def _connected(address: str) -> tuple[Any, str, bool]:
    try:
        client = docker.DockerClient.from_env(
            timeout=_TIMEOUT_S, max_pool_size=_CONNECTIONS, environment={**os.environ, "DOCKER_HOST": address}
        )
    except docker.errors.DockerException as error:
        raise Unavailable(
            f"the Docker engine at {address} can't be used: {error}. Remedy: check whether `docker version` works."
        ) from error
    try:
        about = client.version()
        check_api(about.get("ApiVersion", ""), about.get("Version", "?"))
        return client, str(about.get("Version", "?")), bool(client.info().get("CpuCfsQuota", False))
    except docker.errors.DockerException as error:
        client.close()
        raise Unavailable(
            f"the Docker engine at {address} does not answer like an engine: {error}. Remedy: check whether "
            "`docker version` works."
        ) from error
    except BaseException:
        client.close()
        raise


def check_api(api: str, version: str) -> None:
    """Raise `Unavailable` if an engine with that API is too old for us."""
    if numbers(api) < API_AT_LEAST:
        raise Unavailable(
            f"the Docker engine is too old: {version}, with API {api}; API {_dotted(API_AT_LEAST)} (Docker 20.10) is "
            "needed. Remedy: install a newer one (docs.docker.com/engine/install)."
        )


def _find_compose() -> tuple[Sequence[str], str]:
    """As a plug-in of `docker`, or else as a separate program."""
    too_old = []
    for command in (["docker", "compose"], ["docker-compose"]):
        if not shutil.which(command[0]):
            continue
        said = _output([*command, "version", "--short"]).removeprefix("v")
        if numbers(said) >= COMPOSE_AT_LEAST:
            return command, said
        if numbers(said):
            too_old.append(f"{' '.join(command)} is {said}")
    if too_old:
        raise Unavailable(
            f"Compose is too old: {'; '.join(too_old)}; {_dotted(COMPOSE_AT_LEAST)} is needed. Remedy: install "
            "the newer plug-in (docs.docker.com/compose/install/linux)."
        )
    raise Unavailable(
        "the Docker engine runs, but Compose is missing. Remedy: install the plug-in (apt install "
        "docker-compose-plugin from Docker's own packages, docs.docker.com/compose/install/linux)."
    )


def _output(command: Sequence[str]) -> str:
    """What a command prints; nothing if it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_ASK_WITHIN_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def numbers(text: str) -> _Version:
    """The version in "2.24.1-desktop" as (2, 24, 1); () where there is none."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _dotted(version: _Version) -> str:
    return ".".join(map(str, version))
