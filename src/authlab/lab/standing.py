"""A mode standing in the foreground, with lines to paste into another terminal."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authlab.host.content import content_root
from authlab.host.processes import Guardian
from authlab.lab.lifetime import private_folder, terminate_as_interrupt
from authlab.model.errors import LabError
from authlab.model.modes import Mode
from authlab.stack.local import LocalStacks
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets, make_secrets, write_secret
from authlab.store.runs import read_object

_UP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Site:
    """A standing mode, and where its private files are."""

    stacks: LocalStacks
    stack: Stack
    secrets: Secrets
    folder: Path

    def lines(self) -> list[tuple[str, str]]:
        """Titles and shell lines that work as pasted.

        Passwords and tokens are read from and kept in the private folder: on a command line every process
        list would show them.
        """
        url, private = self.stack.url, shlex.quote(str(self.folder))
        json_type = "-H 'Content-Type: application/json'"
        state = self.stack.mode.state
        log_in = f"curl -sS -c {private}/cookies {json_type} -d @{private}/login.json {url}/login"
        if state == "jwt":
            pick = '"Authorization: Bearer " + json.load(sys.stdin)["access_token"]'
            log_in += f" | python3 -c 'import json, sys; print({pick})' > {private}/header"
            show = f"-H @{private}/header"
        elif state == "none":
            show = "-H 'X-Lab-User: user-0001'"
        else:
            show = f"-b {private}/cookies"
        item = '\'{"item": "tea"}\''
        return [
            ("log in", log_in),
            ("who am I? repeat it, and see X-Worker change (or not)", f"curl -sSi {show} {url}/me"),
            ("put something into the cart", f"curl -sS {show} {json_type} -d {item} {url}/cart/items"),
            (
                "load with plain Locust: open its page, press Start; leaves a recording for authlab report",
                f"{_locust()} -f {shlex.quote(str(content_root() / 'loadtests' / 'browse.py'))} "
                f"--host {url} --credentials {shlex.quote(str(self.secrets.credentials))}",
            ),
        ]


@contextmanager
def standing(mode: Mode, *, workers: int, users: int, port: int | None) -> Iterator[Site]:
    """Stand `mode` up for as long as the context lasts. Raises `LabError` if it doesn't come up."""
    with terminate_as_interrupt(), Guardian() as guardian:
        folder = private_folder(guardian)
        secrets = make_secrets(folder / "secrets", users)
        first = read_object(secrets.credentials, "a folder of credentials")["users"][0]
        write_secret(folder / "login.json", first)
        logs = folder / "logs"
        logs.mkdir()
        stacks = LocalStacks(
            [mode],
            workers=workers,
            guardian=guardian,
            runtime=folder / "stack",
            logs=lambda _mode: logs,
            secrets=secrets,
            cpus=None,
            port=port,
        )
        try:
            stacks.up(_UP_WITHIN_S)
            yield Site(stacks, stacks.stacks[mode.name], secrets, folder)
        finally:
            stacks.down()


def wait_for_end(site: Site) -> None:
    """Return at Ctrl-C; raise `LabError` when a part of the stack dies meanwhile."""
    try:
        while True:
            time.sleep(0.5)
            if troubles := site.stacks.troubles():
                raise LabError("\n".join(troubles))
    except KeyboardInterrupt:
        return


def _locust() -> str:
    beside = Path(sys.executable).with_name("locust")
    if shutil.which("locust"):
        return "locust"
    return shlex.quote(str(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m locust"
