"""What the compose stacks of one call share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from authlab.host.processes import Guardian
from authlab.model.session_store import Persistence
from authlab.stack.compose.deaths import Deaths
from authlab.stack.compose.engine import Engine
from authlab.stack.secrets import Secrets


@dataclass(frozen=True)
class ComposeContext:
    """Engine, guardian, secrets and settings. `label` marks everything that this lab makes. `token` makes its project
    names unique. `worker_cpus` is the share of a CPU that each worker may use. `linked`: there is a link in front of
    each store."""

    engine: Engine
    guardian: Guardian
    deaths: Deaths
    label: str
    token: str
    secrets: Secrets
    runtime: Path
    read_timeout_s: float
    settings: Mapping[str, str]
    persistence: Persistence
    cpus: Sequence[int] | None
    worker_cpus: float | None
    linked: bool = False
