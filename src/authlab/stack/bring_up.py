"""Starts several units (a store, stacks) side by side, and stops all of them again."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from authlab.host.processes import Process, wait_all
from authlab.stack.part import Part, settle
from authlab.stack.probe import Died, Probe, wait_until_ready

_TRIES = 3
_GRACE_S = 0.6


class Startable(Protocol):
    """Something that is started and stopped as one unit."""

    @property
    def parts(self) -> Sequence[Part]:
        """Its running parts; none before `start` and after `forget`."""
        ...

    def reserve(self) -> None:
        """Reserve the ports that it needs."""
        ...

    def start(self) -> None:
        """Start its programs. They need not answer yet."""
        ...

    def probes(self) -> Sequence[Probe]:
        """The questions that show whether its programs answer."""
        ...

    def final_probes(self) -> Sequence[Probe]:
        """The questions that make sense only when those are answered."""
        ...

    def forget(self) -> None:
        """Its programs have ended: give the ports back."""
        ...


def bring_up(units: Sequence[Startable], within_s: float, cpus: Collection[int] | None = None) -> None:
    """Start everything at once, wait until everything answers, then pin it to `cpus`.

    It starts on all cores, because loading Python programs takes most of the time. If anything goes wrong, nothing is
    left running. If a program finds its port taken (possible where ports can't be reserved), everything is started
    again on other ports. Raises `LabError`, and `RuntimeError` if some of it is up already.
    """
    if any(unit.parts for unit in units):
        raise RuntimeError("it is up already")
    since = time.monotonic()
    for tries_left in reversed(range(_TRIES)):
        try:
            for unit in units:
                unit.reserve()
            for unit in units:
                unit.start()
            wait_until_ready([probe for unit in units for probe in unit.probes()], within_s, since=since)
            wait_until_ready([probe for unit in units for probe in unit.final_probes()], within_s, since=since)
            settle([part for unit in units for part in unit.parts], cpus)
        except Died as death:
            kill(units)
            if not (death.port_was_taken and tries_left):
                raise
        except BaseException:
            kill(units)
            raise
        else:
            return


def bring_down(units: Iterable[Startable]) -> None:
    """End everything at once: a short grace period, then SIGKILL. Harmless if it is down already."""
    units = list(units)
    for unit in units:
        for part in unit.parts:
            part.process.signal(part.end_with, group=False)
    wait_all(_processes(units), _GRACE_S)
    kill(units)


def kill(units: Iterable[Startable]) -> None:
    """SIGKILL everything that still runs, and give the ports back."""
    units = list(units)
    for process in _processes(units):
        if process.poll() is None:
            process.signal(signal.SIGKILL)
    for process in _processes(units):
        process.kill()
    for unit in units:
        unit.forget()


def _processes(units: Iterable[Startable]) -> list[Process]:
    return [part.process for unit in units for part in unit.parts]
