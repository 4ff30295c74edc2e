"""One load test in one process: its files, its users' numbers, its windows, from the first log-in to the last line."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from lab_load.crew import Crew
from lab_load.ledger import Ledger, OpenWindow
from lab_load.login import Login
from lab_load.operations import Script
from lab_load.plan import Plan, Window
from lab_load.recorder import Recorder
from lab_load.recording import clock, process_name, write_whole
from lab_load.settings import Settings

_AT_THE_DOOR = 32
"""With a plan, so many users log in at the same time before its first window. Thousands at once would time out."""

_FLUSH_EVERY_S = 1.0
_GO_POLL_S = 0.02
_AFTER_END_S = 1.0
"""After a window's end, the wait for its last answers lasts the time-out and this, before its line is written."""


class Session:
    """What the users of this process share during one test. `users` counts those of all processes together."""

    def __init__(self, settings: Settings, folder: Path, crew: Crew, users: int) -> None:
        self.settings = settings
        self.users = users
        self.crew = crew
        self._name = process_name()
        self._folder = folder
        self.recorder = Recorder(folder / f"samples-{self._name}.csv")
        self._ledger = Ledger(folder / f"windows-{self._name}.csv")
        self.plain_window = OpenWindow(0, 0)
        self.windows: dict[int, OpenWindow] = {}
        self.started = Event()
        self.door = BoundedSemaphore(_AT_THE_DOOR) if settings.plan else nullcontext()
        self.origin_ns = 0
        self.plan_done = False
        self._enrolled = self._arrived = 0
        self._logins: dict[str, Login] = {}
        self._failures: list[dict[str, object]] = []
        self._greenlets: list[gevent.Greenlet] = []
        self._id_prefix = f"{int.from_bytes(os.urandom(4), 'big'):08x}-"
        self._ids = 0

    def request_id(self) -> str:
        """A new one: a random prefix per process and a running number."""
        self._ids += 1
        return f"{self._id_prefix}{self._ids}"

    def script_of(self, user: type) -> Script:
        """The scenario of a class of users: that of the file which holds it, or else the first one."""
        modules = [base.__module__ for base in user.__mro__]
        there = {script.module: script for script in reversed(self.settings.scripts)}
        return next((there[module] for module in modules if module in there), self.settings.scripts[0])

    def enrol(self, script: Script) -> tuple[int, Login]:
        """Number and log-in of the next user of this process and scenario. Users who share a log-in follow one
        another."""
        number = self.crew.enrol()
        self._enrolled += 1
        login = self._logins.get(script.name)
        if login is None or not login.take_place():
            settings = self.settings
            username, password = settings.accounts[number % len(settings.accounts)]
            sharers = settings.sharers_of(script)
            login = Login(number, username, password, settings.relogin, sharers, settings.credential, settings.site)
            login.take_place()
            self._logins[script.name] = login
        return number, login

    def rate_per_user(self) -> Iterator[float]:
        """Each user's share of the rate in plain use, read before each gap."""
        while True:
            yield self.settings.rate_rps / self.users

    def open(self, on_plan_done: Callable[[], None], on_trouble: Callable[[BaseException], None]) -> None:
        """Start writing; with a plan, follow it and call `on_plan_done` after its last window.

        `on_trouble` is called if that can't go on: a full disk, a go file that can't be read.
        """
        self._greenlets.append(gevent.spawn(self._flush_forever))
        if self.settings.plan is None:
            self.plain_window.open()
        else:
            self._greenlets.append(gevent.spawn(self._follow, self.settings.plan, on_plan_done))
        for greenlet in self._greenlets:
            greenlet.link_exception(lambda dead: on_trouble(dead.exception))

    def login_over(self, user: int, problem: str) -> None:
        """A user has logged in, or (with a `problem`) has given up."""
        self._arrived += 1
        if problem:
            self._failures.append({"user": user, "problem": problem})

    def is_ready(self, expected: int) -> bool:
        """All of this process's users have started and finished their log-ins."""
        return self._enrolled >= expected and self._arrived >= self._enrolled

    def announce_ready(self) -> None:
        """Write the ready file, and exclude all current objects from garbage collection."""
        self.recorder.flush()
        gc.collect()
        gc.freeze()
        ready = {"users": self._enrolled, "failures": self._failures, "clock": clock()}
        write_whole(self._folder / f"ready-{self._name}.json", json.dumps(ready) + "\n")

    def close(self) -> None:
        """The test is over: write what is left. A second call does nothing."""
        gevent.killall([greenlet for greenlet in self._greenlets if greenlet is not gevent.getcurrent()])
        for window in [self.plain_window, *self.windows.values()]:
            if window.opened_ns:
                window.close()
                self._ledger.enter(window)
        self.recorder.close()

    def _flush_forever(self) -> None:
        while True:
            gevent.sleep(_FLUSH_EVERY_S)
            self.recorder.flush()

    def _follow(self, plan: Plan, on_plan_done: Callable[[], None]) -> None:
        while not plan.go.exists():
            gevent.sleep(_GO_POLL_S)
        self.origin_ns = int(json.loads(plan.go.read_bytes())["origin_ns"])
        self.windows = {window.index: OpenWindow(window.index, self._enrolled) for window in plan.windows}
        self.started.set()
        watchers = [gevent.spawn(self._watch, window, plan) for window in plan.windows]
        self._greenlets += watchers
        gevent.joinall(watchers, raise_error=True)
        self.plan_done = True
        on_plan_done()

    def _watch(self, window: Window, plan: Plan) -> None:
        """Read the CPU clock at both ends of a window. Write its line when its last answer is in."""
        entry = self.windows[window.index]
        sleep_until(self.origin_ns + window.start_ns)
        entry.open()
        sleep_until(self.origin_ns + window.end_ns)
        entry.close()
        entry.done.wait(plan.timeout_s + _AFTER_END_S)
        self.recorder.flush()
        self._ledger.enter(entry)


def sleep_until(moment_ns: int) -> None:
    """Sleep until that moment of CLOCK_MONOTONIC; return at once if it is past."""
    left_ns = moment_ns - time.monotonic_ns()
    if left_ns > 0:
        gevent.sleep(left_ns / 1e9)
