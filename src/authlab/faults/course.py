"""The course of a fault: it waits between its steps, can be cut short there, and records when each step was."""

from __future__ import annotations

import threading
import time

from authlab.model.errors import LabError
from authlab.model.faults import Step


class CutShort(LabError):
    """The fault had to be undone before all of its steps were done."""


class Course:
    """The course of one fault. Setting `halt` cuts it short at its next wait."""

    def __init__(self, halt: threading.Event | None = None) -> None:
        self._halt = halt or threading.Event()
        self._lock = threading.Lock()
        self._steps: list[Step] = []

    def wait(self, seconds: float) -> None:
        """Wait between two steps. Raises `CutShort`, at once if nothing more is to be done."""
        if self._halt.wait(seconds):
            raise CutShort("it was cut short")

    def step(self, target: str, start_ns: int, gone_ns: int) -> None:
        """Record a restart that began and took effect at those moments (CLOCK_MONOTONIC) and is over now."""
        with self._lock:
            self._steps.append(Step(target, start_ns, gone_ns, time.monotonic_ns()))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far, by their start."""
        with self._lock:
            return tuple(sorted(self._steps, key=lambda step: step.start_ns))
