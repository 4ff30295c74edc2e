"""Calls Compose: under the guardian, so that no call outlives the lab, with a deadline and a log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from authlab.host.processes import Guardian
from authlab.model.errors import LabError
from authlab.stack.compose.engine import Engine


class Failed(LabError):
    """A call of Compose failed; the message holds its last lines."""


class Command:
    """Compose for one project, with `variables` for its files. Its whole output goes to `log`."""

    def __init__(
        self, engine: Engine, guardian: Guardian, project: str, variables: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self._engine = engine
        self._guardian = guardian
        self._project = project
        self._environment = {**engine.environment, **variables}
        self._folder = folder
        self._log = log

    def run(self, file: Path, arguments: Sequence[str], doing: str, within_s: float) -> None:
        """Run Compose on a compose file. Raises `Failed` if it fails, or if it takes too long (then it is ended)."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        options = ["--progress", "plain", "--project-name", self._project, "--file", str(file.absolute())]
        argv = [*self._engine.compose, *options, *arguments]
        process = self._guardian.spawn(
            f"Compose, {doing},", argv, log=self._log, env=self._environment, cwd=self._folder
        )
        try:
            status = process.wait(within_s)
        except BaseException:
            process.kill()
            raise
        if status is None:
            process.kill()
            raise Failed(f"{process.name} was not done within {within_s:.0f} s. {process.obituary()}")
        if status != 0:
            raise Failed(process.obituary())
