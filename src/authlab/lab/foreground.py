"""A mode that runs in the foreground, with lines to paste into another terminal."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from authlab.host.processes import Guardian
from authlab.lab.curl_lines import curl_lines
from authlab.lab.lifetime import private_folder, terminate_as_interrupt
from authlab.lab.preflight import check_programs
from authlab.lab.stacks import LOCAL, StackChoice, Stacks, stacks_of
from authlab.load.scenario import Scenario, library
from authlab.model.errors import LabError
from authlab.model.modes import Mode
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets, make_secrets, write_secret
from authlab.store.runs import read_object

_UP_WITHIN_S = 60.0
_KEPT_PREFIX = "authlab-logs-"


@dataclass(frozen=True)
class Site:
    """A mode that is up, and where its private files are."""

    stacks: Stacks
    stack: Stack
    secrets: Secrets
    folder: Path
    scenario: Scenario
    guardian: Guardian

    def lines(self) -> list[tuple[str, str]]:
        """Titles and shell lines that work as pasted."""
        url, mode = self.stack.url, self.stack.mode
        return [
            *curl_lines(mode.credential, url, shlex.quote(str(self.folder))),
            (
                "load with plain Locust: open its page and press Start; it writes a recording for authlab report",
                f"{self._scenario()} --host {url} --mode {shlex.quote(mode.name)} "
                f"--workers-behind {len(self.stack.workers)} "
                f"{'--addresses own ' if mode.routes_by_address else ''}"
                f"--credentials {shlex.quote(str(self.secrets.credentials))}",
            ),
        ]

    def _scenario(self) -> str:
        """The call of Locust with the scenario. A scenario of the user's own needs the path of the recorder."""
        path = "" if self.scenario.shipped else f"PYTHONPATH={shlex.quote(str(library()))} "
        return f"{path}{_locust()} -f {shlex.quote(str(self.scenario.path))}"


@contextmanager
def foreground(
    mode: Mode,
    *,
    workers: int,
    users: int,
    port: int | None,
    scenario: Scenario,
    choice: StackChoice = LOCAL,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Site]:
    """Keep `mode` up for as long as the context lasts. Raises `LabError` if it doesn't start."""
    check_programs([mode], choice.kind, load=False)
    with terminate_as_interrupt(), Guardian() as guardian:
        folder = private_folder(guardian)
        secrets = make_secrets(folder / "secrets", users)
        first = read_object(secrets.credentials, "a folder of credentials")["users"][0]
        write_secret(folder / "login.json", first)
        logs = folder / "logs"
        logs.mkdir()
        stacks = stacks_of(
            choice,
            [mode],
            workers=workers,
            guardian=guardian,
            runtime=folder / "stack",
            logs=lambda _mode: logs,
            secrets=secrets,
            port=port,
            settings=settings,
        )
        with _kept_after_trouble(logs), stacks:
            stacks.up(_UP_WITHIN_S)
            yield Site(stacks, stacks.stacks[mode.name], secrets, folder, scenario, guardian)


@contextmanager
def _kept_after_trouble(logs: Path) -> Iterator[None]:
    """Keep the folder `logs` if a `LabError` ends the context; the error then names its new place.

    The private folder around it is removed at the end, and the message points into it.
    """
    try:
        yield
    except LabError as error:
        said = str(error)
        if str(logs) not in said and not any(file.stat().st_size for file in logs.rglob("*") if file.is_file()):
            raise
        kept = Path(tempfile.mkdtemp(prefix=_KEPT_PREFIX))
        for each in logs.iterdir():
            shutil.move(each, kept)
        told = said.replace(str(logs), str(kept))
        error.args = (told if told != said else f"{said}\n  Logs: {kept}",)
        raise


def wait_for_end(site: Site) -> NoReturn:
    """Wait for Ctrl-C. Raises `LabError` if a part of the stack dies before."""
    while True:
        time.sleep(0.5)
        if troubles := site.stacks.troubles():
            raise LabError("\n".join(troubles))


def _locust() -> str:
    beside = Path(sys.executable).with_name("locust")
    if shutil.which("locust"):
        return "locust"
    return shlex.quote(str(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m locust"
