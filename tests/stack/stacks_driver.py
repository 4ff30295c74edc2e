"""A small stand-in for the lab, for test_survivors.py: stands stacks up under load and says how far it is.

`python stacks_driver.py FOLDER [fail]`. Says `begun`, `starting`, `up`, `loading`, a line each, and the process ids
of its programs with `up`; then goes on for ever, or (`fail`) raises.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import urllib.request
from pathlib import Path

from authlab.host.processes import Guardian
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import make_secrets


def say(*words: object) -> None:
    print(*words, flush=True)


def load(url: str) -> None:
    while True:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/healthz", timeout=5).close()  # noqa: S310 - our own stack


def main() -> None:
    folder = Path(sys.argv[1])
    runtime = folder / "runtime"
    modes = [MODES["sticky"], MODES["redis"]]
    say("begun")
    with Guardian([runtime]) as guardian:
        secrets = make_secrets(runtime / "secrets", users=3)
        stacks = LocalStacks(
            modes,
            workers=2,
            guardian=guardian,
            runtime=runtime,
            logs=lambda mode: folder / "logs" / mode,
            secrets=secrets,
        )
        with stacks:
            say("starting")
            stacks.up(60)
            say(
                "up",
                guardian.pid,
                *[pid for stack in stacks.stacks.values() for part in stack.parts for pid in part.pids],
            )
            for stack in stacks.stacks.values():
                for _ in range(4):
                    threading.Thread(target=load, args=(stack.url,), daemon=True).start()
            say("loading")
            if "fail" in sys.argv:
                raise RuntimeError("as planned")
            time.sleep(600)


if __name__ == "__main__":
    main()
