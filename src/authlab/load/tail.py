"""Live figures of a recording that is still being written, read from the ends of its files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from authlab.model.samples import SAMPLE_COLUMNS

_WINDOW: Final = SAMPLE_COLUMNS.index("window")
_OUTCOME: Final = SAMPLE_COLUMNS.index("outcome")


@dataclass(frozen=True)
class Counts:
    """Requests in windows so far, by outcome. Log-ins before the first window are not counted."""

    outcomes: dict[str, int]

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())

    @property
    def failures(self) -> int:
        """Those that were not `ok`."""
        return self.requests - self.outcomes.get("ok", 0)

    @property
    def auth_failures(self) -> int:
        """Those that were refused (401, 403)."""
        return self.outcomes.get("auth", 0)


class RecordingTail:
    """Reads what is new since the last call. Rows appear about once a second and at window ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[Path, int] = {}
        self._outcomes: Counter[str] = Counter()

    def counts(self) -> Counts:
        """The current figures. A missing file or an incomplete line is left for the next call."""
        for path in self._folder.glob("samples-*.csv"):
            self._read(path)
        return Counts(dict(self._outcomes))

    def _read(self, path: Path) -> None:
        start = self._offsets.get(path, 0)
        with path.open("rb") as file:
            file.seek(start)
            new = file.read()
        whole = new.rfind(b"\n") + 1
        self._offsets[path] = start + whole
        lines = new[:whole].decode("ascii", "replace").splitlines()
        if start == 0:
            lines = lines[1:]  # the header
        for line in lines:
            fields = line.split(",")
            if len(fields) == len(SAMPLE_COLUMNS) and not fields[_WINDOW].startswith("-"):
                self._outcomes[fields[_OUTCOME]] += 1
