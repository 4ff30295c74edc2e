"""CPU time and memory of each part, read at both ends of every slice's measured part."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from authlab.host.clocks import cpu_ns, rss_bytes
from authlab.model.parts import GENERATOR, LAB
from authlab.model.windows import Slice
from authlab.stack.protocol import PartUsage, Stack
from authlab.store.frames import RESOURCES_SCHEMA

RESOURCES_FILE = "resources.csv"


class ResourceSampler(threading.Thread):
    """Reads the clocks of a slice's stack when its warm-up ends and when it ends, and appends rows to CSV files.

    `generators` gives the pid of each mode's load generator, `files` each mode's CSV file. The rows are on disk
    after each slice, so that a crash loses none. Times are read beside the clocks, not assumed: a late reading
    is still right.
    """

    def __init__(
        self,
        slices: Sequence[Slice],
        origin_ns: int,
        stacks: Mapping[str, Stack],
        generators: Mapping[str, int],
        files: Mapping[str, Path],
    ) -> None:
        super().__init__(name="resource-sampler", daemon=True)
        self._slices = slices
        self._origin_ns = origin_ns
        self._stacks = stacks
        self._generators = generators
        self._files = files
        self._halt = threading.Event()
        self.failure: Exception | None = None

    def halt(self) -> None:
        """Stop soon; rows so far are kept."""
        self._halt.set()

    def run(self) -> None:
        """Follow the slices until the last has ended."""
        header = ",".join(RESOURCES_SCHEMA) + "\n"
        for file in self._files.values():
            file.write_text(header, encoding="utf-8")
        for part in self._slices:
            if not self._sleep_until(part.start_s + part.warmup_s):
                return
            try:
                begin = self._read(part.mode)
                if not self._sleep_until(part.end_s):
                    return
                self._append(part, begin, self._read(part.mode))
            except (OSError, ProcessLookupError) as error:
                # A part of the stack is gone: the lab's own watch reports who died, and how.
                self.failure = error
                return

    def _read(self, mode: str) -> tuple[int, list[PartUsage]]:
        generator = self._generators[mode]
        usage = [
            *self._stacks[mode].usage(),
            PartUsage(GENERATOR, cpu_ns(generator), rss_bytes(generator)),
            PartUsage(LAB, time.process_time_ns(), rss_bytes(os.getpid())),
        ]
        return time.monotonic_ns(), usage

    def _append(self, part: Slice, begin: tuple[int, list[PartUsage]], end: tuple[int, list[PartUsage]]) -> None:
        before = {usage.part: usage.cpu_ns for usage in begin[1]}
        rows = [
            f"{part.index},{usage.part},{begin[0]},{end[0]},{usage.cpu_ns - before[usage.part]},{usage.rss_bytes}\n"
            for usage in end[1]
            if usage.part in before
        ]
        with self._files[part.mode].open("a", encoding="utf-8") as file:
            file.writelines(rows)

    def _sleep_until(self, at_s: float) -> bool:
        left = self._origin_ns / 1e9 + at_s - time.monotonic()
        return not self._halt.wait(max(0.0, left))


def read_resources(file: Path) -> pl.DataFrame:
    """The rows that a sampler left; empty where it left none."""
    if not file.exists():
        return pl.DataFrame(schema=RESOURCES_SCHEMA)
    return pl.read_csv(
        file, schema=pl.Schema(RESOURCES_SCHEMA), truncate_ragged_lines=True, ignore_errors=True
    ).drop_nulls()
