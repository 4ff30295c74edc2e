"""What is made from other parts of the project: the compose file of each mode, and the computed blocks of the docs.

python -m tests.generated            name what is not as it should be (exit code 1)
python -m tests.generated --write    make it anew (`make generated`)
"""

from __future__ import annotations

import sys
from pathlib import Path

from authlab.model.modes import MODES
from authlab.stack.compose.mode_file import HEAD, compose_file
from tests.docs import figures


def compose_files(root: Path) -> dict[Path, str]:
    """The compose files of the checkout at `root`, and what must stand in them."""
    return {root / "compose" / f"{mode.name}.yml": HEAD + compose_file(mode) for mode in MODES.values()}


def main(arguments: list[str], root: Path = figures.ROOT) -> int:
    """Check or rewrite everything; 1 if something is wrong (and stays so)."""
    wrong = [file for file, text in compose_files(root).items() if not file.exists() or file.read_text() != text]
    if "--write" in arguments:
        for file in wrong:
            file.write_text(compose_files(root)[file])
            print(f"rewrote {file.relative_to(root)}")
        wrong = []
    for file in wrong:
        print(f"{file.relative_to(root)}: out of date; make generated", file=sys.stderr)
    return max(int(bool(wrong)), figures.main(arguments, root))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
