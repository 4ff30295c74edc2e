"""Loads by plan against the tests' own service, and what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from load_runs import WITHIN_S, credentials, read
from load_service import LoadService

from authlab.host.processes import Guardian
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.store.recording import Recording

MS = 1_000_000


def windows(*lengths_ms: int, rate_rps: float = 100.0, gap_ms: int = 200) -> tuple[Window, ...]:
    found, start = [], 100
    for index, length in enumerate(lengths_ms):
        found.append(Window(index, start * MS, (start + length) * MS, rate_rps, 70 + index))
        start += length + gap_ms
    return tuple(found)


class Bench:
    """One load process against one service."""

    def __init__(self, folder: Path, guardian: Guardian) -> None:
        self.folder = folder
        self._guardian = guardian

    def load(self, service: LoadService, plan: LoadPlan, name: str = "load") -> LoadProcess:
        folder = self.folder / name
        return LoadProcess(
            self._guardian,
            "test",
            url=service.url,
            plan=plan,
            recording=folder / "recording",
            credentials=credentials(self.folder),
            runtime=folder / "runtime",
            log=folder / "locust.log",
        )

    def run(
        self,
        service: LoadService,
        plan: LoadPlan,
        name: str = "load",
        meanwhile: Callable[[int], object] = lambda _: None,
    ) -> Recording:
        load = self.load(service, plan, name)
        load.start()
        load.wait_ready(WITHIN_S)
        origin_ns = time.monotonic_ns()
        load.go(origin_ns)
        meanwhile(origin_ns)
        load.wait(WITHIN_S)
        return read(self.folder / name / "recording")


def plan(*lengths_ms: int, users: int = 10, **more: Any) -> LoadPlan:
    rate_rps = more.pop("rate_rps", 100.0)
    return LoadPlan(seed=1, users=users, windows=windows(*lengths_ms, rate_rps=rate_rps), **more)


def in_windows(recording: Recording) -> pl.DataFrame:
    return recording.samples.filter(pl.col("window") >= 0)
