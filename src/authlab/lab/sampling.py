"""CPU time and memory of each part, read at the start and end of every count."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from authlab.host.clocks import cpu_ns, rss_bytes
from authlab.model.errors import LabError
from authlab.model.parts import GENERATOR, LAB
from authlab.model.windows import Slice
from authlab.stack.protocol import PartUsage, Stack
from authlab.store.frames import RESOURCES_SCHEMA

RESOURCES_FILE: Final = "resources.csv"
_EVERY_S: Final = 1.0
"""Length of a count if arms are loaded side by side. A fault spoils only the counts in which it lies."""


@dataclass(frozen=True)
class Count:
    """A part of the slice `index` over which the CPU time of an arm's stack is counted. Its times are as a slice's."""

    index: int
    arm: str
    start_s: float
    end_s: float


def whole_slices(slices: Iterable[Slice]) -> list[Count]:
    """One count per slice, from the end of its warm-up to its end."""
    return [Count(part.index, part.mode, part.start_s + part.warmup_s, part.end_s) for part in slices]


def by_the_second(slices: Iterable[Slice]) -> list[Count]:
    """Counts of one second each, over the whole of every slice."""
    found = []
    for part in slices:
        number = max(1, int((part.end_s - part.start_s) / _EVERY_S))
        starts = [part.start_s + place * _EVERY_S for place in range(number)]
        found += [
            Count(part.index, part.mode, start, end)
            for start, end in zip(starts, [*starts[1:], part.end_s], strict=True)
        ]
    return found


_Reading = tuple[int, dict[str, PartUsage]]


class ResourceSampler(threading.Thread):
    """Reads the clocks of an arm's stack at both ends of each count, and appends rows to CSV files.

    `generators` gives the pid of each arm's load generator, `files` each arm's CSV file. The rows are on disk
    after each count, and a crash therefore loses none. The time is read together with the clocks, so a late reading
    is still right. CPU time is left empty if a process was lost or replaced within the count.
    """

    def __init__(
        self,
        counts: Sequence[Count],
        origin_ns: int,
        stacks: Mapping[str, Stack],
        generators: Mapping[str, int],
        files: Mapping[str, Path],
    ) -> None:
        super().__init__(name="resource-sampler", daemon=True)
        self._origin_ns = origin_ns
        self._stacks = stacks
        self._generators = generators
        self._files = files
        self._halt = threading.Event()
        self._begun: dict[str, _Reading | None] = {}
        ends = {(count.end_s, count.arm): count for count in counts}
        starts = {(count.start_s, count.arm) for count in counts}
        self._moments = [(at, arm, ends.get((at, arm))) for at, arm in sorted(starts | ends.keys())]

    def halt(self) -> None:
        """Stop soon. The rows so far are kept."""
        self._halt.set()

    def run(self) -> None:
        """Follow the counts until the last has ended."""
        header = ",".join(RESOURCES_SCHEMA) + "\n"
        for file in self._files.values():
            file.write_text(header, encoding="utf-8")
        for at_s, arm, ending in self._moments:
            if not self._sleep_until(at_s):
                return
            reading = self._read(arm)
            if ending is not None:
                self._append(ending, self._begun.get(arm), reading)
            self._begun[arm] = reading

    def _read(self, arm: str) -> _Reading | None:
        """The time, and what each part has used so far; None if a part ends during the reading."""
        try:
            used = [*self._stacks[arm].usage(), PartUsage(LAB, time.process_time_ns(), rss_bytes(os.getpid()))]
        except (OSError, LabError):  # the lab's main thread reports which process died, and how
            return None
        generator = self._generators[arm]
        with contextlib.suppress(ProcessLookupError):  # it ends by itself after its last slice
            used.append(PartUsage(GENERATOR, cpu_ns(generator), rss_bytes(generator)))
        return time.monotonic_ns(), {usage.part: usage for usage in used}

    def _append(self, count: Count, begin: _Reading | None, end: _Reading | None) -> None:
        if begin is None or end is None:
            return
        rows = []
        for part in dict.fromkeys((*begin[1], *end[1])):
            used, memory = _used(begin[1].get(part), end[1].get(part)), _memory(end, part)
            rows.append(f"{count.index},{part},{begin[0]},{end[0]},{used},{memory}\n")
        with self._files[count.arm].open("a", encoding="utf-8") as file:
            file.writelines(rows)

    def _sleep_until(self, at_s: float) -> bool:
        left = self._origin_ns / 1e9 + at_s - time.monotonic()
        return not self._halt.wait(max(0.0, left))


def _used(before: PartUsage | None, after: PartUsage | None) -> str:
    """CPU time between two readings in nanoseconds; empty if some of it was not read."""
    if before is None or after is None or before.lives != after.lives or after.cpu_ns < before.cpu_ns:
        return ""
    return str(after.cpu_ns - before.cpu_ns)


def _memory(reading: _Reading, part: str) -> int:
    usage = reading[1].get(part)
    return usage.rss_bytes if usage else 0


def read_resources(file: Path) -> pl.DataFrame:
    """The rows that a sampler wrote, without an incomplete last row; empty if it wrote none."""
    if not file.exists():
        return pl.DataFrame(schema=RESOURCES_SCHEMA)
    data = file.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if not whole:
        return pl.DataFrame(schema=RESOURCES_SCHEMA)
    return pl.read_csv(whole, schema=pl.Schema(RESOURCES_SCHEMA))
