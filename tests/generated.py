"""Files that are computed from other parts of the project: each mode's compose file, and blocks of the docs.

python -m tests.generated            name what is out of date (exit code 1)
python -m tests.generated --write    rewrite it (`make generated`)
"""

from __future__ import annotations

import sys
from pathlib import Path

from authlab.model.modes import MODES
from authlab.stack.compose.mode_file import HEAD, compose_file
from tests.docs import figures


def compose_files(root: Path) -> dict[Path, str]:
    """The compose files of the checkout at `root`, and the text that they must have."""
    return {root / "compose" / f"{mode.name}.yml": HEAD + compose_file(mode) for mode in MODES.values()}


def main(arguments: list[str], root: Path = figures.ROOT) -> int:
    """Check or rewrite everything. Gives 1 if something is still wrong at the end."""
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
