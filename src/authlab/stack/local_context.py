"""What the local stacks of one call share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authlab.host.ports import ReservedPort, free_port
from authlab.host.processes import Guardian
from authlab.stack.programs import Program
from authlab.stack.secrets import Secrets


@dataclass(frozen=True)
class LocalContext:
    """Guardian, programs, secrets and settings, the same for every stack that is started side by side.

    `runtime` is the folder for configurations and data, which is removed at the end. `settings` are further `AUTHLAB_…`
    variables of the workers. `read_timeout_s` is how long the proxy waits for a worker.
    """

    guardian: Guardian
    nginx: Program
    secrets: Secrets
    runtime: Path
    read_timeout_s: float
    settings: Mapping[str, str] = field(default_factory=dict)
    take_port: Callable[[], ReservedPort] = free_port
