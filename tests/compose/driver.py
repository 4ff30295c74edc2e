"""A small stand-in for the lab, for test_left_behind.py: stands one stack up and says how far it is.

`python driver.py FOLDER`: says `begun`, `starting` and `up LABEL`, a line each; then goes on until it is ended.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from authlab.host.processes import Guardian
from authlab.model.modes import MODES
from authlab.stack.compose import ComposeStacks
from authlab.stack.secrets import make_secrets


def main() -> None:
    folder = Path(sys.argv[1])
    print("begun", flush=True)
    with Guardian() as guardian:
        guardian.remove_at_end(folder / "private")
        secrets = make_secrets(folder / "private" / "secrets", users=3)
        with ComposeStacks(
            [MODES["redis"]],
            workers=1,
            guardian=guardian,
            runtime=folder / "private" / "stack",
            logs=lambda mode: folder / "logs" / mode,
            secrets=secrets,
        ) as stacks:
            print("starting", flush=True)
            stacks.up(90)
            print("up", flush=True)
            time.sleep(600)


if __name__ == "__main__":
    main()
