"""Starts the browser lab's programs, follows them, and reads their answers."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from authlab.browser.certificates import MISSING
from authlab.browser.chromium import find_chromium
from authlab.browser.order import FAILED, Answer, Order, key_of, read_answers
from authlab.experiments.browser import BrowserExperiment
from authlab.host.processes import Guardian, Process, minimal_environment
from authlab.lab.browsing.sites_up import Pages, shipped_pages, sites_up
from authlab.lab.listening import Listener
from authlab.model.errors import LabError, Unavailable, all_of
from authlab.model.findings import Prediction
from authlab.stack.programs import find_nginx
from authlab.stack.secrets import make_secrets

ANSWERS = "answers.jsonl"
"""The file in a program's logs with its answers, one line each, in the order in which they come."""

_USERS_EACH = 250
"""More than there are cells and scenarios, even if some are repeated."""

_END_WITHIN_S = 420.0
_LOOK_EVERY_S = 1.0
_LONE = frozenset({"forged-fetch-allowed"})
_BLOCKED = frozenset({"embedded-blocked"})
"""The scenarios for the Chromium that blocks third-party cookies. The others run in the one that allows them."""
_PASSED_ON = ("PLAYWRIGHT_BROWSERS_PATH", "FONTCONFIG_PATH", "XDG_CACHE_HOME")


@dataclass(frozen=True)
class Seen:
    """The programs' answers, and whether Ctrl-C ended them early."""

    answers: dict[str, Answer]
    interrupted: bool
    versions: dict[str, str]


def check_browser_lab(pages: Pages | None = None) -> None:
    """Raise one `Unavailable`, with remedies, for everything missing that the browser lab needs."""
    looks: list[Callable[[], object]] = [find_nginx, find_chromium, check_packages]
    all_of(looks if pages else [*looks, shipped_pages], LabError, Unavailable)


def check_packages() -> None:
    """Raise `Unavailable` unless the packages of `pip install 'authlab[browser]'` are there."""
    # Find them without an import: only the driving program needs Playwright.
    if any(importlib.util.find_spec(name) is None for name in ("playwright", "trustme")):
        raise Unavailable(MISSING)


def drive(
    experiments: Sequence[BrowserExperiment],
    predictions: Sequence[Prediction],
    *,
    guardian: Guardian,
    runtime: Path,
    folder: Path,
    listener: Listener,
    pages: Pages | None = None,
) -> Seen:
    """Let two Chromiums answer the experiments' questions, side by side.

    One blocks third-party cookies, the other allows them. Private files go to `runtime`. Logs, which include the
    answers, and evidence go to `folder`, that of the first trial. Raises `LabError` if the sites don't start or a
    program dies.
    """
    listener.phase("starting the browser lab: a deliberately weak API, nginx with TLS, two Chromiums")
    secrets = make_secrets(runtime / "browser-secrets", 2 * _USERS_EACH)
    cells = list(dict.fromkeys(cell for experiment in experiments for cell in experiment.cells))
    scenarios = tuple(dict.fromkeys(name for experiment in experiments for name in experiment.scenarios))
    predicted = {key_of(p.mode, p.quantity): bool(p.value) for p in predictions}
    work = (
        (False, tuple(cell for cell in cells if cell[1] not in _LONE), tuple(s for s in scenarios if s in _BLOCKED)),
        (True, tuple(cell for cell in cells if cell[1] in _LONE), tuple(s for s in scenarios if s not in _BLOCKED)),
    )
    programs: list[tuple[Process, Path]] = []
    with contextlib.ExitStack() as stack:
        for number, (allowed, its_cells, its_scenarios) in enumerate(work):
            if not its_cells and not its_scenarios:
                continue
            name = "allowed" if allowed else "blocked"
            logs = folder / "logs" / f"third-party-{name}"
            # Each has its own sites. An API's record then belongs to one browser, which does one thing after the other.
            sites = stack.enter_context(sites_up(guardian, runtime / f"sites-{name}", logs, secrets, pages=pages))
            answers = logs / ANSWERS  # a report can read them there even after a SIGKILL of the lab
            order = Order(
                chromium=str(find_chromium()),
                profile=str(runtime / f"profile-{name}"),
                third_party_cookies=allowed,
                fingerprint=sites.certificate.fingerprint,
                https=sites.ports.https,
                http=sites.ports.http,
                api=sites.ports.api,
                credentials=str(secrets.credentials),
                users=(number * _USERS_EACH, (number + 1) * _USERS_EACH),
                answers=str(answers),
                evidence=str(folder / "evidence"),
                cells=its_cells,
                scenarios=its_scenarios,
                predicted=predicted,
            )
            programs.append((_start(guardian, order, runtime / f"order-{name}.json", logs), answers))
        interrupted = _follow(programs, len(predicted), listener)
    found = [answer for _, file in programs for answer in read_answers(file)]
    for answer in found:
        if answer.quantity == FAILED:
            listener.note(f"the browser lab's {answer.subject} broke off: {answer.note}")
    versions = {"chromium": _version(find_chromium()), "playwright": importlib.metadata.version("playwright")}
    return Seen({answer.key: answer for answer in found}, interrupted, versions)


def _start(guardian: Guardian, order: Order, file: Path, logs: Path) -> Process:
    order.write(file)
    argv = [sys.executable, "-m", "authlab.browser.drive", str(file)]
    name = f"the browser driver ({file.stem.removeprefix('order-')} third-party cookies)"
    return guardian.spawn(name, argv, log=logs / "driver.log", env=_environment(file.parent / "tmp"))


def _environment(temporary: Path) -> dict[str, str]:
    """The program's environment. The many temporary files of Playwright and Chromium go to a folder of the run."""
    temporary.mkdir(mode=0o700, exist_ok=True)
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return minimal_environment() | passed_on | {"TMPDIR": str(temporary)}


def _follow(programs: Sequence[tuple[Process, Path]], expected: int, listener: Listener) -> bool:
    """Wait for the programs and report their progress. True if Ctrl-C ended the wait."""
    deadline = time.monotonic() + _END_WITHIN_S
    reported = -1
    try:
        while any(process.poll() is None for process, _ in programs):
            count = sum(len(read_answers(file)) for _, file in programs)
            if count // 20 != reported // 20:
                reported = count
                listener.phase(f"browser lab: {count} of about {expected} questions answered")
            if time.monotonic() > deadline:
                raise LabError(f"the browser lab did not end within {_END_WITHIN_S:.0f} s.")
            time.sleep(_LOOK_EVERY_S)
    except KeyboardInterrupt:
        return True
    finally:
        for process, _ in programs:
            if process.poll() is None:
                process.kill()
    for process, _ in programs:
        if process.poll() != 0:
            raise LabError(process.obituary())
    return False


def _version(program: Path) -> str:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=20, check=False)
        return said.stdout.strip()
    return "unknown"
