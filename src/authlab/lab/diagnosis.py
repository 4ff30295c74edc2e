"""What this machine can and cannot do for the lab."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from authlab.browser.chromium import find_chromium
from authlab.host.content import content_root
from authlab.host.machine import pinning
from authlab.lab.browsing.driving import check_packages
from authlab.lab.browsing.sites_up import shipped_pages
from authlab.lab.preflight import find_docker
from authlab.model.errors import LabError
from authlab.stack.programs import find_nginx, find_store_server
from authlab.store.disk import free_bytes, nearest_existing

State = Literal["good", "poor", "missing"]

_DISK_WANTED = 1024**3
_MEMORY_WANTED = 2 * 1024**3
_BROWSER_LAB = "the browser lab (authlab run browser, authlab up MODE --browser)"
_BUSY = 0.5
"""Load average per core above which measurements suffer."""


@dataclass(frozen=True)
class Finding:
    """The result of one check. `needed`: without it no run is possible."""

    subject: str
    state: State
    text: str
    remedy: str = ""
    needed: bool = True


def diagnose(results: Path) -> list[Finding]:
    """Check everything, in the order in which a run needs it."""
    looks: tuple[Callable[[], Finding], ...] = (
        _python,
        _content,
        lambda: _program("nginx", find_nginx),
        lambda: _program("Redis", find_store_server),
        lambda: _program("Docker", find_docker, only_for="--stack compose"),
        lambda: _program("Chromium", find_chromium, only_for=_BROWSER_LAB),
        lambda: _program("Playwright and trustme", check_packages, only_for=_BROWSER_LAB),
        lambda: _program("browser lab's page", lambda: shipped_pages().app, only_for=_BROWSER_LAB),
        _locust,
        _cores,
        _memory,
        lambda: _disk(results),
        _load,
    )
    return [look() for look in looks]


def _python() -> Finding:
    return Finding("Python", "good", platform.python_version())  # authlab cannot be installed for an older one


def _content() -> Finding:
    try:
        content_root()
    except LabError as error:
        return Finding("service and load files", "missing", str(error))
    return Finding("service and load files", "good", "found")


def _program(name: str, find: Callable[[], object], only_for: str = "") -> Finding:
    try:
        return Finding(name, "good", str(find() or "installed"))
    except LabError as error:
        text, _, remedy = str(error).partition(" Remedy: ")
        return Finding(
            name, "missing", text + (f" Only {only_for} needs it." if only_for else ""), remedy, not only_for
        )


def _locust() -> Finding:
    # Find Locust without an import: importing it would patch this process's sockets.
    if importlib.util.find_spec("locust") is None:
        return Finding("Locust", "missing", "not installed for this Python", "pip install locust")
    return Finding("Locust", "good", "installed")


def _cores() -> Finding:
    pins = pinning()
    if pins.generator:
        return Finding("cores", "good", f"generator on {list(pins.generator)}, stacks on {list(pins.stack)}")
    why = "only one core" if hasattr(os, "sched_getaffinity") else "no CPU affinity on this system"
    return Finding(
        "cores",
        "poor",
        f"{why}: the load generator and the stacks disturb each other",
        "trust CPU per request more than latency, and use a lower --rate",
        needed=False,
    )


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    text = f"{free // 1024**2} MiB available"
    if free < _MEMORY_WANTED:
        return Finding("memory", "poor", text, "use fewer --workers, or one --mode at a time", needed=False)
    return Finding("memory", "good", text)


def _disk(results: Path) -> Finding:
    place, free = nearest_existing(results), free_bytes(results)
    text = f"{free // 1024**2} MiB free for {results}"
    if not os.access(place, os.W_OK):
        return Finding("results", "missing", f"{place} is not writable", "choose another folder with --results DIR")
    if free < _DISK_WANTED:
        return Finding("results", "poor", text, "remove old runs: authlab clean", needed=False)
    return Finding("results", "good", text)


def _load() -> Finding:
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    text = f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores"
    if busy > _BUSY:
        return Finding("idle machine", "poor", text, "close other programs before you measure", needed=False)
    return Finding("quiet", "good", text)
